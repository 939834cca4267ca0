/** Keeps a series of any length fresh: asked for once, its end renewed by each push, asked again now and then. */

import { getJson, query } from "./http.js";
import { merged, seriesOf, tailOf } from "./series.js";

const PUSHED_MINUTES = 15;
const LONGEST_MINUTES = 1440;
const ASK_AGAIN_MS = 60_000; // late corrections further back come with this

export class SeriesKeeper {
  /** `filter()` is what is shown; `changed()` is called when a longer series came from the server. */
  constructor({ filter, token = "", changed }) {
    this.filter = filter;
    this.token = token;
    this.changed = changed;
    this.want(PUSHED_MINUTES);
  }

  /** How many minutes to keep; `growing` ones start at a fixed minute and become more. */
  want(minutes, { growing = false } = {}) {
    this.minutes = Math.min(LONGEST_MINUTES, minutes);
    this.growing = growing;
    this.reset();
    if (this.latest) this.#renew();
  }

  /** Another channel: nothing of the old one may stay. */
  reset() {
    this.long = null;
    this.asking = null;
  }

  /** Takes pushed or polled stats in. */
  take(stats) {
    this.latest = seriesOf(stats);
    this.#renew();
  }

  #renew() {
    if (this.minutes <= PUSHED_MINUTES) {
      this.series = tailOf(this.latest, this.minutes);
      return;
    }
    const whole = this.long && merged(this.long, this.latest, { grows: this.growing });
    if (whole) this.series = this.long = whole;
    if (!whole || performance.now() - this.askedAt > ASK_AGAIN_MS) this.#ask();
  }

  async #ask() {
    if (this.asking) return;
    const question = (this.asking = {});
    this.askedAt = performance.now();
    if (this.growing && this.long) this.minutes = Math.min(LONGEST_MINUTES, this.long.counts.length);
    try {
      const answer = await getJson(`/api/stats${query({ minutes: this.minutes, ...this.filter() })}`, {
        token: this.token,
      });
      if (question !== this.asking) return;
      this.series = this.long = seriesOf(answer);
      this.changed();
    } catch {
      // The connection's own polling tells that the server is away; the next push asks again.
    } finally {
      if (question === this.asking) this.asking = null;
    }
  }
}
