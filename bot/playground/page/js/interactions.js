/** Commands, clicks and forms on their way to a bot: sent with a nonce, settled by the gateway's answer. */
import { localId } from "./snowflake.js";

export const COMMAND = 2,
  COMPONENT = 3,
  AUTOCOMPLETE = 4,
  MODAL = 5;
const LONGEST_WAIT = 20000;

/** Thrown when the bot did not answer an interaction. */
export class NoAnswer extends Error {}

export class Interactions {
  constructor({ api, gateway, store, t }) {
    this.api = api;
    this.gateway = gateway;
    this.store = store;
    this.t = t;
    this.waiting = new Map();
  }

  /**
   * Send an interaction; throws ApiError where the server refuses it. The promise `answered` in what is
   * returned settles with the bot's answer, or rejects with NoAnswer.
   */
  async send({ type, channel, applicationId, data, message, files }) {
    const nonce = localId();
    const answered = this.wait(nonce);
    answered.catch(() => {});
    const body = {
      type,
      nonce,
      data,
      application_id: applicationId,
      channel_id: channel.id,
      session_id: this.gateway.sessionId,
    };
    if (channel.guild_id) body.guild_id = channel.guild_id;
    if (message) Object.assign(body, { message_id: message.id, message_flags: message.flags ?? 0 });
    try {
      await this.api.interact(body, files);
    } catch (error) {
      this.settle(nonce);
      throw error;
    }
    return { answered };
  }

  wait(nonce) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(nonce);
        reject(new NoAnswer(this.t("noAnswer")));
      }, LONGEST_WAIT);
      this.waiting.set(nonce, { resolve, reject, timer });
    });
  }

  settle(nonce) {
    const entry = this.waiting.get(nonce);
    clearTimeout(entry?.timer);
    this.waiting.delete(nonce);
    return entry;
  }

  /** Hear a gateway event that may settle an interaction. */
  hear(name, data) {
    if (name === "INTERACTION_SUCCESS" || name === "INTERACTION_MODAL_CREATE")
      this.settle(data.nonce)?.resolve(null);
    else if (name === "APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE")
      this.settle(data.nonce)?.resolve(data.choices);
    else if (name === "INTERACTION_FAILURE")
      this.settle(data.nonce)?.reject(new NoAnswer(this.t("noAnswer")));
  }
}
