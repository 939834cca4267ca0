/** A page's line to the server: pushes over Socket.IO, and asking every 3 s while that is down. */

import { io } from "../../vendor/socket.io.esm.min.js?v=4.8.4";
import { whenSilent } from "./silence.js";

export const POLL_SECONDS = 3;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15_000;
const ANSWER_WITHIN_MS = 8000;

/**
 * `pushes`: the events it hears; `follow`: what the server sends without being asked; `token`: of an overlay; `on` holds
 * what to do: pushed(name, message), state({kind, retryAt, trouble}) with kind connecting | connected | reconnecting |
 * polling | unreachable, ask() while there is no line, which answers what the server did (nothing: no answer).
 */
export class Line {
  constructor({ pushes, follow = [], token = "", on }) {
    this.pushes = pushes;
    this.token = token;
    this.on = on;
    this.question = 0; // which greeting is the current one: answers to older ones are ignored
    this.failures = 0;
    this.round = 0; // of polling
    this.trouble = ""; // what keeps the server from its database, in its own words
    this.socket = io({
      autoConnect: false,
      reconnection: false, // ours says when it tries next
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      timeout: ANSWER_WITHIN_MS,
      auth: { follow, ...(token ? { token } : {}) },
    });
  }

  start() {
    this.socket.on("connect", () => this.greetAnew());
    this.socket.on("disconnect", () => this.#lost());
    this.socket.on("connect_error", () => this.#lost());
    for (const name of this.pushes) this.socket.on(name, (message) => this.pushed(name, message));
    this.socket.on("trouble", ({ problem }) => this.setTrouble(problem));
    whenSilent(this.socket, () => this.#startOver());
    addEventListener("online", () => this.#connectNow());
    document.addEventListener("visibilitychange", () => this.#connectNow());
    this.#tell("connecting");
    this.socket.connect();
  }

  get connected() {
    return this.socket.connected;
  }

  /** What is said first on a new connection; answers what the server did, nothing when it did not agree. */
  async greet() {
    return true;
  }

  /** The line stands; `greeting` is the server's answer to the first word. */
  welcome(_greeting) {}

  /** There is no line any more. */
  gone() {}

  pushed(name, message) {
    this.on.pushed(name, message);
  }

  async ask() {
    return this.on.ask();
  }

  /** What `ask` answered, unless the line stands again meanwhile. */
  answered(_answer) {}

  /** Asks the server; null when there is no answer. */
  async call(name, payload) {
    return this.socket.timeout(ANSWER_WITHIN_MS).emitWithAck(name, payload).catch(() => null);
  }

  async greetAnew() {
    const question = ++this.question;
    const greeting = await this.greet();
    if (question !== this.question) return;
    if (greeting) this.#stands(greeting);
    else this.socket.disconnect(); // "disconnect" follows and plans the next attempt
  }

  /** `words`: what the server says is wrong with its database; "" when nothing is, or nobody knows. */
  setTrouble(words) {
    if (words === this.trouble) return;
    this.trouble = words;
    this.#tell(this.state);
  }

  /** Asks at once while there is no line. */
  askAnew() {
    if (this.polling) this.#poll(++this.round);
  }

  #stands(greeting) {
    this.failures = 0;
    this.polling = false;
    this.round += 1;
    clearTimeout(this.pollTimer);
    this.#tell("connected");
    this.welcome(greeting);
  }

  /** Down: says so, asks meanwhile and plans the next attempt, later each time. */
  #lost() {
    this.question += 1;
    this.gone();
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

  /** A round of asking; one that was ended while its answer was on the way says nothing any more. */
  async #poll(round) {
    clearTimeout(this.pollTimer);
    this.polling = true;
    if (!document.hidden) {
      const answer = await this.ask();
      if (round !== this.round) return;
      if (answer) this.setTrouble("");
      const isBack = answer && this.state === "unreachable";
      this.#tell(answer ? "polling" : "unreachable");
      if (answer) this.answered(answer);
      if (isBack) this.#connectNow(); // whatever it still had to wait: the server answers again
    }
    this.pollTimer = setTimeout(() => this.#poll(round), POLL_SECONDS * 1000);
  }

  #tell(kind) {
    this.state = kind;
    this.on.state?.({ kind, retryAt: this.retryAt ?? null, trouble: this.trouble });
  }
}
