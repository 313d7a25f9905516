/** The websocket client: identify, heartbeat, resume, and reconnecting with growing pauses. */

const DISPATCH = 0,
  HEARTBEAT = 1,
  IDENTIFY = 2,
  RESUME = 6,
  RECONNECT = 7,
  INVALID_SESSION = 9,
  HELLO = 10,
  ACK = 11;
const LONGEST_PAUSE = 15000;
const REFUSED = new Set([4004]);

/**
 * Hears the playground's events.
 * `onevent(name, data)` for every dispatch; `onstatus("connecting" | "open" | "waiting" | "refused", milliseconds)`.
 */
export class Gateway {
  constructor({ token, url, onevent, onstatus }) {
    this.token = token;
    this.url = url;
    this.onevent = onevent;
    this.onstatus = onstatus;
    this.sessionId = null;
    this.sequence = null;
    this.failures = 0;
    this.closed = false;
  }

  /** Open a connection; reconnects by itself from then on until close(). */
  connect() {
    clearTimeout(this.retryTimer);
    this.onstatus("connecting", 0);
    const query = "?v=10&encoding=json";
    const former = this.socket;
    const socket = new WebSocket(this.url + query);
    this.socket = socket;
    socket.onmessage = (event) => this.receive(socket, JSON.parse(event.data));
    socket.onclose = (event) => this.lost(socket, event.code);
    former?.close();
  }

  /** Leave for good. */
  close() {
    this.closed = true;
    clearTimeout(this.retryTimer);
    clearInterval(this.heartbeatTimer);
    this.socket?.close(1000);
  }

  receive(socket, { op, d, s, t }) {
    if (socket !== this.socket) return;
    if (s !== null && s !== undefined) this.sequence = s;
    if (op === DISPATCH) this.dispatch(t, d);
    else if (op === HELLO) this.greet(d.heartbeat_interval);
    else if (op === HEARTBEAT) this.beat();
    else if (op === ACK) this.acknowledged = true;
    else if (op === RECONNECT) socket.close(4000);
    else if (op === INVALID_SESSION) this.invalidate(d);
  }

  greet(interval) {
    this.acknowledged = true;
    clearInterval(this.heartbeatTimer);
    this.heartbeatTimer = setInterval(() => this.checkedBeat(), interval);
    if (this.sessionId) this.resume();
    else this.identify();
  }

  identify() {
    const properties = { os: "web", browser: "storyloom", device: "storyloom" };
    this.write(IDENTIFY, { token: this.token, properties, compress: false });
  }

  resume() {
    this.write(RESUME, { token: this.token, session_id: this.sessionId, seq: this.sequence });
  }

  /** Send a heartbeat; a server that did not answer the last one is taken for lost. */
  checkedBeat() {
    if (!this.acknowledged) {
      this.socket.close(4000);
      return;
    }
    this.acknowledged = false;
    this.beat();
  }

  beat() {
    this.write(HEARTBEAT, this.sequence);
  }

  dispatch(name, data) {
    if (name === "READY") {
      this.sessionId = data.session_id;
    }
    if (name === "READY" || name === "RESUMED") {
      this.failures = 0;
      this.onstatus("open", 0);
    }
    this.onevent(name, data);
  }

  invalidate(resumable) {
    if (!resumable) this.forget();
    if (resumable) this.resume();
    else this.identify();
  }

  forget() {
    this.sessionId = null;
    this.sequence = null;
  }

  lost(socket, code) {
    if (socket !== this.socket || this.closed) return;
    clearInterval(this.heartbeatTimer);
    if (REFUSED.has(code)) {
      this.onstatus("refused", 0);
      return;
    }
    if (code >= 4003 && code <= 4009) this.forget();
    const pause =
      this.failures === 0
        ? 200
        : Math.min(LONGEST_PAUSE, 500 * 2 ** this.failures * (0.75 + Math.random() / 2));
    this.failures += 1;
    this.onstatus("waiting", pause);
    this.retryTimer = setTimeout(() => this.connect(), pause);
  }

  write(op, d) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ op, d }));
  }
}
