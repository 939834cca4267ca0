/** The choice of how much the live graph shows: 15 minutes, an hour, the whole stream. */

import { SeriesKeeper } from "./series-keeper.js";

export class Span {
  /** `changed()` is called when there is another series to draw. */
  constructor(segments, filter, changed) {
    this.keeper = new SeriesKeeper({ filter, changed });
    this.changed = changed;
    this.streamChoice = segments.querySelector('[value="stream"]');
    segments.addEventListener("change", (event) => this.#choose(event.target.value));
  }

  get series() {
    return this.keeper.series;
  }

  take(stats) {
    this.stream = stats.stream;
    this.streamChoice.disabled = !stats.stream && !this.streamChoice.checked;
    this.streamChoice.parentElement.title = stats.stream ? "" : "No stream is running";
    this.keeper.take(stats);
  }

  reset() {
    this.keeper.reset();
  }

  #choose(choice) {
    if (choice === "stream") this.keeper.want(minutesOf(this.stream), { growing: true });
    else this.keeper.want(Number(choice));
    this.changed();
  }
}

function minutesOf(stream) {
  return stream ? Math.max(15, Math.ceil(stream.duration_seconds / 60) + 1) : 15;
}
