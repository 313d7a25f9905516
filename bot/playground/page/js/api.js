/** The REST client: Discord's routes under /api/v10, and the playground's own under /playground. */
import { refusal } from "./refusals.js";

const BASE = "/api/v10";
const TRIES = 5;

/** A refused request: Discord's code and a sentence that can be shown. */
export class ApiError extends Error {
  constructor(status, body, t) {
    super(refusal(status, body, t) ?? `HTTP ${status}`);
    this.status = status;
    this.code = body?.code ?? 0;
  }
}

function pause(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

async function readJson(response) {
  const text = await response.text();
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch {
    return { message: text.slice(0, 200) };
  }
}

function withFiles(payload, files) {
  const form = new FormData();
  form.append("payload_json", JSON.stringify(payload));
  files.forEach((file, index) => form.append(`files[${index}]`, file, file.name));
  return form;
}

/** No answer at all: the playground is gone, or the network is. */
export class Unreachable extends Error {}

export class Api {
  /** `t` words what goes wrong on the way; `token` is a seat's. */
  constructor({ t, token = null }) {
    this.t = t;
    this.token = token;
  }

  /** Send one request, waiting out rate limits; throws ApiError when it is refused, Unreachable without an answer. */
  async send(method, url, { body, files } = {}) {
    const headers = this.token ? { Authorization: this.token } : {};
    let payload;
    if (files?.length) payload = withFiles(body, files);
    else if (body !== undefined) {
      payload = JSON.stringify(body);
      headers["Content-Type"] = "application/json";
    }
    for (let attempt = 1; ; attempt += 1) {
      const response = await this.fetch(url, { method, headers, body: payload });
      const answer = await readJson(response);
      if (response.ok) return answer;
      if (response.status !== 429 || attempt === TRIES) throw new ApiError(response.status, answer, this.t);
      await pause(answer?.retry_after ?? 1);
    }
  }

  async fetch(url, request) {
    try {
      return await fetch(url, request);
    } catch (error) {
      throw new Unreachable(this.t("unreachable"), { cause: error });
    }
  }

  get(path) {
    return this.send("GET", BASE + path);
  }
  post(path, body, files) {
    return this.send("POST", BASE + path, { body, files });
  }
  put(path, body) {
    return this.send("PUT", BASE + path, { body });
  }
  patch(path, body) {
    return this.send("PATCH", BASE + path, { body });
  }
  remove(path) {
    return this.send("DELETE", BASE + path);
  }

  state() {
    return this.send("GET", "/playground/state");
  }
  login(password) {
    return this.send("POST", "/playground/password", { body: { password } });
  }

  /** Create the seat of that name, or return the one that exists; {token, user}. */
  seat(seat) {
    return this.send("POST", "/playground/seats", { body: seat });
  }

  messages(channelId, query) {
    return this.get(`/channels/${channelId}/messages?${new URLSearchParams(query)}`);
  }
  createMessage(channelId, body, files) {
    return this.post(`/channels/${channelId}/messages`, body, files);
  }
  editMessage(channelId, id, body) {
    return this.patch(`/channels/${channelId}/messages/${id}`, body);
  }
  deleteMessage(channelId, id) {
    return this.remove(`/channels/${channelId}/messages/${id}`);
  }
  typing(channelId) {
    return this.post(`/channels/${channelId}/typing`);
  }
  openDirect(userId) {
    return this.post("/users/@me/channels", { recipient_id: userId });
  }
  interact(body, files) {
    return this.post("/interactions", body, files);
  }

  /** Add or take back one's own reaction. */
  react(message, emoji, add) {
    const name = encodeURIComponent(emoji.id ? `${emoji.name}:${emoji.id}` : emoji.name);
    const path = `/channels/${message.channel_id}/messages/${message.id}/reactions/${name}/@me`;
    return add ? this.put(path) : this.remove(path);
  }

  /** Fetch the commands that may be used in a channel: {applications, application_commands}. */
  commandIndex(channel) {
    const owner = channel.guild_id ? `guilds/${channel.guild_id}` : `channels/${channel.id}`;
    return this.get(`/${owner}/application-command-index`);
  }
}
