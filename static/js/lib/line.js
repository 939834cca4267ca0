/** A page's line to the server: pushes over Socket.IO, and asking every 3 s while that is down. */

import { io } from "../../vendor/socket.io.esm.min.js?v=4.8.4";
import { POLL_SECONDS } from "./connection.js";
import { whenSilent } from "./silence.js";

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15_000;
const ANSWER_WITHIN_MS = 8000;

/**
 * `pushes`: the events it hears; `follow`: what the server sends without being asked; `on` holds what to do:
 * pushed(name, message), state({kind, retryAt}) as the connection chip shows it, ask() while there is no line, which
 * answers whether the server did.
 */
export class Line {
  constructor({ pushes, follow = [], on }) {
    this.pushes = pushes;
    this.on = on;
    this.question = 0; // which greeting is the current one: answers to older ones are ignored
    this.failures = 0;
    this.round = 0; // of polling
    this.socket = io({
      autoConnect: false,
      reconnection: false, // ours says when it tries next
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      timeout: ANSWER_WITHIN_MS,
      auth: { follow },
    });
  }

  start() {
    this.socket.on("connect", () => this.greetAnew());
    this.socket.on("disconnect", () => this.#lost());
    this.socket.on("connect_error", () => this.#lost());
    for (const name of this.pushes) this.socket.on(name, (message) => this.on.pushed(name, message));
    whenSilent(this.socket, () => this.#startOver());
    addEventListener("online", () => this.#connectNow());
    document.addEventListener("visibilitychange", () => this.#connectNow());
    this.#tell("connecting");
    this.socket.connect();
  }

  get connected() {
    return this.socket.connected;
  }

  /** What is said first on a new connection; answers whether the server agreed. */
  async greet() {
    return true;
  }

  /** Asks the server; null when there is no answer. */
  async call(name, payload) {
    return this.socket.timeout(ANSWER_WITHIN_MS).emitWithAck(name, payload).catch(() => null);
  }

  async greetAnew() {
    const question = ++this.question;
    const agreed = await this.greet();
    if (question !== this.question) return;
    if (agreed) this.#stands();
    else this.socket.disconnect(); // "disconnect" follows and plans the next attempt
  }

  #stands() {
    this.failures = 0;
    this.polling = false;
    this.round += 1;
    clearTimeout(this.pollTimer);
    this.#tell("connected");
  }

  /** Down: says so, asks meanwhile and plans the next attempt, later each time. */
  #lost() {
    this.question += 1;
    if (this.retryTimer) return;
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.failures) * (0.7 + 0.3 * Math.random());
    this.failures += 1;
    this.retryAt = Date.now() + wait;
    this.retryTimer = setTimeout(() => this.#connect(), wait);
    this.#tell(this.polling ? this.state : "reconnecting");
    if (!this.polling) this.#poll(++this.round);
  }

  #connect() {
    clearTimeout(this.retryTimer);
    this.retryTimer = 0;
    this.retryAt = null;
    this.#tell(this.state);
    this.socket.connect();
  }

  /** The old line leads nowhere: a new one at once. */
  #startOver() {
    this.socket.disconnect(); // "disconnect" follows and plans an attempt, which need not wait
    this.#connectNow();
  }

  #connectNow() {
    if (!document.hidden && this.retryTimer) this.#connect();
  }

  async #poll(round) {
    this.polling = true;
    if (!document.hidden) {
      const answered = await this.on.ask();
      if (round !== this.round) return; // the line stands again
      const isBack = answered && this.state === "unreachable";
      this.#tell(answered ? "polling" : "unreachable");
      if (isBack) this.#connectNow();
    }
    this.pollTimer = setTimeout(() => this.#poll(round), POLL_SECONDS * 1000);
  }

  #tell(kind) {
    this.state = kind;
    this.on.state({ kind, retryAt: this.retryAt ?? null });
  }
}
