/** The line to the server: pushes over Socket.IO, and asking every 3 s while that is down. */

import { io } from "../../vendor/socket.io.esm.min.js?v=4.8.4";
import { learnTime } from "./clock.js";
import { getJson, query } from "./http.js";
import { whenSilent } from "./silence.js";

export const POLL_SECONDS = 3;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 15_000;
const ANSWER_WITHIN_MS = 8000;
const PUSHES = ["stats", "chat", "ticker", "removed", "sources"];

/**
 * `on` holds what to do with what comes: stats(stats), items(items, replace), ticker(people), removed({ids, cleared}),
 * sources(channels), state({kind, retryAt}) with kind connecting | connected | reconnecting | polling | unreachable,
 * refused(reason) when the filter names what the server does not know, person(kind, person) with what `follow` asks
 * for: "viewers" for all news of people, "alerts" for what may be shown on a stream.
 */
export class LiveConnection {
  constructor({ filter = {}, token = "", follow = [], on }) {
    this.filter = filter;
    this.token = token;
    this.on = on;
    this.failures = 0;
    this.round = 0; // of polling
    this.cursor = null;
    this.question = 0; // which subscription is the current one: answers to older ones are ignored
    this.held = null; // pushes that came while the answer to the subscription is awaited
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
    this.socket.on("connect", () => this.#subscribe());
    this.socket.on("disconnect", () => this.#lost());
    this.socket.on("connect_error", () => this.#lost());
    for (const name of PUSHES) this.socket.on(name, (message) => this.#pushed(name, message));
    this.socket.onAny((name, message) => {
      if (name.startsWith("viewer:")) this.on.person?.(name.slice("viewer:".length), message);
    });
    whenSilent(this.socket, () => this.#startOver());
    addEventListener("online", () => this.#connectNow());
    document.addEventListener("visibilitychange", () => this.#connectNow());
    this.#tell("connecting");
    this.socket.connect();
  }

  /** Asks the server while the line is up; null when there is no answer. */
  async ask(name, payload = {}) {
    if (!this.socket.connected) return null;
    const answer = await this.socket.timeout(ANSWER_WITHIN_MS).emitWithAck(name, payload).catch(() => null);
    return answer?.success ? answer : null;
  }

  /** Another channel, or all of them: everything shown is replaced. */
  setFilter(filter) {
    this.filter = filter;
    this.cursor = null;
    if (this.socket.connected) this.#subscribe();
    else if (this.polling) this.#poll();
  }

  async #subscribe() {
    const question = ++this.question;
    this.held = [];
    try {
      const payload = { ...this.filter, ...(this.cursor === null ? {} : { after: this.cursor }) };
      const answer = await this.socket.timeout(ANSWER_WITHIN_MS).emitWithAck("live:subscribe", payload);
      if (question !== this.question) return;
      if (answer?.success) this.#welcome(answer);
      else if (Object.keys(this.filter).length && this.on.refused) this.on.refused(answer?.error ?? "");
      else throw new Error(answer?.error);
    } catch {
      if (question !== this.question) return;
      this.held = null;
      this.socket.disconnect(); // "disconnect" follows and plans the next attempt
    }
  }

  #welcome(answer) {
    const replace = this.cursor === null || !answer.complete;
    const held = this.held;
    this.held = null;
    this.failures = 0;
    this.#stopPolling();
    this.#tell("connected");
    this.#stats(answer.stats);
    this.cursor = answer.cursor;
    this.on.items?.(answer.items, replace);
    for (const [name, message] of held) this.#pushed(name, message);
  }

  #pushed(name, message) {
    if (this.held) this.held.push([name, message]);
    else if (name === "stats") this.#stats(message);
    else if (name === "chat") this.#chat(message);
    else if (name === "ticker") this.on.ticker?.(message.users);
    else if (name === "sources") this.on.sources?.(message.channels);
    else this.on.removed?.(message);
  }

  #chat({ items, cursor }) {
    this.cursor = cursor;
    this.on.items?.(items, false);
  }

  #stats(stats) {
    learnTime(stats.updated_at);
    this.on.stats?.(stats);
  }

  /** Down: says so, asks over HTTP meanwhile and plans the next attempt, later each time. */
  #lost() {
    this.question += 1;
    this.held = null;
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

  /** The old line leads nowhere: a new one at once. */
  #startOver() {
    this.socket.disconnect(); // "disconnect" follows and plans an attempt, which need not wait
    this.#connectNow();
  }

  #connectNow() {
    if (!document.hidden && this.retryTimer) this.#connect();
  }

  /** Starts a round of asking; a round that was ended while its answer was on the way says nothing any more. */
  async #poll(round = ++this.round) {
    clearTimeout(this.pollTimer);
    this.polling = true;
    const stats = document.hidden ? null : await this.#ask();
    if (round !== this.round) return;
    const isBack = stats && this.state === "unreachable";
    if (!document.hidden) this.#tell(stats ? "polling" : "unreachable");
    if (stats) this.#stats(stats);
    if (isBack) this.#connectNow(); // whatever it still had to wait: the server answers again
    this.pollTimer = setTimeout(() => this.#poll(round), POLL_SECONDS * 1000);
  }

  async #ask() {
    try {
      return await getJson(`/api/stats${query({ minutes: 15, ...this.filter })}`, { token: this.token });
    } catch (error) {
      if (error.status === 404 && this.filter.channel) this.on.refused?.(error.message);
      return null;
    }
  }

  #stopPolling() {
    clearTimeout(this.pollTimer);
    this.round += 1;
    this.polling = false;
  }

  #tell(kind) {
    this.state = kind;
    this.on.state?.({ kind, retryAt: this.retryAt ?? null });
  }
}
