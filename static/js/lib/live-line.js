/** The line of pages that show what is live: figures, chat, people and channels, of all channels or of one. */

import { learnTime } from "./clock.js";
import { getJson, outage, query } from "./http.js";
import { Line } from "./line.js";

const PUSHES = ["stats", "chat", "ticker", "removed", "sources"];

/**
 * `on`: stats(stats), items(items, replace), ticker(people), removed({ids, cleared}), sources(channels), state as Line
 * tells it, refused(reason) when the filter names what the server does not know, person(kind, person) with what `follow`
 * asks for: "viewers" for all news of people, "alerts" for what may be shown on a stream.
 */
export class LiveLine extends Line {
  constructor({ filter = {}, token = "", follow = [], on }) {
    super({ pushes: PUSHES, follow, token, on });
    this.filter = filter;
    this.cursor = null;
    this.held = null; // pushes that came while the answer to the subscription is awaited
    this.socket.onAny((name, message) => {
      if (name.startsWith("viewer:")) on.person?.(name.slice("viewer:".length), message);
    });
  }

  /** Asks the server while the line is up; null when there is no answer. */
  async request(name, payload = {}) {
    const answer = this.connected ? await this.call(name, payload) : null;
    return answer?.success ? answer : null;
  }

  /** Another channel, or all of them: everything shown is replaced. */
  setFilter(filter) {
    this.filter = filter;
    this.cursor = null;
    if (this.connected) this.greetAnew();
    else this.askAnew();
  }

  async greet() {
    const question = this.question;
    this.held = [];
    const payload = { ...this.filter, ...(this.cursor === null ? {} : { after: this.cursor }) };
    const answer = await this.call("live:subscribe", payload);
    if (answer?.success) return answer;
    const isRefused = answer && question === this.question && Object.keys(this.filter).length;
    if (isRefused) this.on.refused?.(answer.error ?? ""); // the page may go on with another filter
    return null;
  }

  welcome({ stats, items, cursor, complete }) {
    const replace = this.cursor === null || !complete;
    const held = this.held;
    this.held = null;
    this.#showStats(stats);
    this.cursor = cursor;
    this.on.items?.(items, replace);
    for (const [name, message] of held) this.pushed(name, message);
  }

  gone() {
    this.held = null;
  }

  pushed(name, message) {
    if (this.held) this.held.push([name, message]);
    else if (name === "stats") this.#showStats(message);
    else if (name === "chat") this.#showChat(message);
    else if (name === "ticker") this.on.ticker?.(message.users);
    else if (name === "sources") this.on.sources?.(message.channels);
    else this.on.removed?.(message);
  }

  async ask() {
    try {
      return await getJson(`/api/stats${query({ minutes: 15, ...this.filter })}`, { token: this.token });
    } catch (error) {
      this.setTrouble(outage(error));
      if (error.status === 404 && this.filter.channel) this.on.refused?.(error.message);
      return null;
    }
  }

  answered(stats) {
    this.#showStats(stats);
  }

  #showChat({ items, cursor }) {
    this.cursor = cursor;
    this.on.items?.(items, false);
  }

  #showStats(stats) {
    learnTime(stats.updated_at);
    this.on.stats?.(stats);
  }
}
