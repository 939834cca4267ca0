/** The span of the live graph (15 min, 1 h, the whole stream) and the series that belongs to it. */

import { getJson, query } from "./http.js";
import { merged, seriesOf } from "./series.js";

const PUSHED_MINUTES = 15;
const LONGEST_MINUTES = 1440;
const ASK_AGAIN_MS = 60_000; // pushes keep the end fresh; late corrections further back come with this

export class Span {
  /** `changed()` is called when a longer series arrived from the server. */
  constructor(segments, filter, changed) {
    this.filter = filter;
    this.changed = changed;
    this.streamChoice = segments.querySelector('[value="stream"]');
    this.choice = "15";
    this.series = null;
    segments.addEventListener("change", (event) => this.#choose(event.target.value));
  }

  /** Takes pushed or polled stats into the series that is shown. */
  take(stats) {
    this.stream = stats.stream;
    this.streamChoice.disabled = !stats.stream;
    this.streamChoice.parentElement.title = stats.stream ? "" : "No stream is running";
    this.latest = seriesOf(stats);
    const minutes = this.#minutes();
    if (minutes <= PUSHED_MINUTES) {
      this.series = this.latest;
      return;
    }
    const whole = this.long && merged(this.long, this.latest, { grows: this.choice === "stream" });
    if (whole) this.series = this.long = whole;
    if (!whole || performance.now() - this.askedAt > ASK_AGAIN_MS) this.#ask(minutes);
  }

  /** Another channel: nothing of the old one may stay. */
  reset() {
    this.long = null;
    this.asking = null;
  }

  #choose(choice) {
    this.choice = choice;
    this.reset();
    const minutes = this.#minutes();
    if (minutes > PUSHED_MINUTES) {
      this.#ask(minutes);
    } else if (this.latest) {
      this.series = this.latest;
      this.changed();
    }
  }

  #minutes() {
    if (this.choice !== "stream") return Number(this.choice);
    if (!this.stream) return PUSHED_MINUTES;
    const sinceStart = Math.ceil(this.stream.duration_seconds / 60) + 1;
    return Math.min(LONGEST_MINUTES, Math.max(PUSHED_MINUTES, sinceStart));
  }

  async #ask(minutes) {
    if (this.asking) return;
    const question = (this.asking = {});
    this.askedAt = performance.now();
    try {
      const answer = await getJson(`/api/stats${query({ minutes, ...this.filter() })}`);
      if (question !== this.asking) return;
      this.series = this.long = seriesOf(answer);
      this.changed();
    } catch {
      // The connection's own polling says that the server is away; the next push asks again.
    } finally {
      if (question === this.asking) this.asking = null;
    }
  }
}
