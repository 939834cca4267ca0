/** A line to the server that mends itself: Socket.IO, later and later attempts while it is down, asking meanwhile. */

import { io } from "../../vendor/socket.io.esm.min.js?v=4.8.4";

export const POLL_SECONDS = 3;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15_000;
const ANSWER_WITHIN_MS = 8000;

/**
 * `on` holds: welcome(socket) when the line stands (what it throws ends the attempt), poll() while it is down
 * (answers whether the server did), state({kind, retryAt}) with kind connecting | connected | reconnecting | polling |
 * unreachable, and `events`: name → what to do with what is pushed.
 */
export class Line {
  constructor({ on, events }) {
    this.on = on;
    this.failures = 0;
    this.round = 0; // of polling
    this.socket = io({
      autoConnect: false,
      reconnection: false, // ours says when it tries next
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      timeout: ANSWER_WITHIN_MS,
    });
    for (const [name, take] of Object.entries(events)) this.socket.on(name, take);
  }

  start() {
    this.socket.on("connect", () => this.#stands());
    this.socket.on("disconnect", () => this.#lost());
    this.socket.on("connect_error", () => this.#lost());
    addEventListener("online", () => this.#connectNow());
    document.addEventListener("visibilitychange", () => this.#connectNow());
    this.#tell("connecting");
    this.socket.connect();
  }

  /** The answer to a call of ours; throws when there is none in time. */
  ask(name, payload) {
    return this.socket.timeout(ANSWER_WITHIN_MS).emitWithAck(name, payload);
  }

  async #stands() {
    try {
      await this.on.welcome?.(this);
    } catch {
      this.socket.disconnect(); // "disconnect" follows and plans the next attempt
      return;
    }
    this.failures = 0;
    this.#stopPolling();
    this.#tell("connected");
  }

  #lost() {
    if (this.retryTimer) return;
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.failures) * (0.7 + 0.3 * Math.random());
    this.failures += 1;
    this.retryAt = Date.now() + wait;
    this.retryTimer = setTimeout(() => this.#connect(), wait);
    this.#tell(this.polling ? this.state : "reconnecting");
    if (!this.polling) this.#poll();
  }

  #connect() {
    clearTimeout(this.retryTimer);
    this.retryTimer = 0;
    this.retryAt = null;
    this.#tell(this.state);
    this.socket.connect();
  }

  #connectNow() {
    if (!document.hidden && this.retryTimer) this.#connect();
  }

  /** Starts a round of asking; a round that was ended while its answer was on the way says nothing any more. */
  async #poll(round = ++this.round) {
    clearTimeout(this.pollTimer);
    this.polling = true;
    if (!document.hidden) {
      const answered = await this.on.poll();
      if (round !== this.round) return;
      this.#tell(answered ? "polling" : "unreachable");
    }
    this.pollTimer = setTimeout(() => this.#poll(round), POLL_SECONDS * 1000);
  }

  #stopPolling() {
    clearTimeout(this.pollTimer);
    this.round += 1;
    this.polling = false;
  }

  #tell(kind) {
    this.state = kind;
    this.on.state({ kind, retryAt: this.retryAt ?? null });
  }
}
