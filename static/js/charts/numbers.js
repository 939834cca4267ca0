/** The numbers of a graph as a table, made only while it is open. */

import { make } from "../lib/dom.js";
import { number } from "../lib/format.js";
import { gapSpans, minuteOf } from "../lib/series.js";

/** The graph in one sentence, for its label. */
export function spoken({ times, counts }) {
  const highest = Math.max(...counts);
  const peak = `highest ${number(highest)} at ${times[counts.indexOf(highest)]}`;
  return `Messages per minute from ${times[0]} to ${times.at(-1)}, ${peak}. The numbers follow as a table.`;
}

export class ChartNumbers {
  constructor(details, caption) {
    this.details = details;
    this.caption = caption;
    this.body = details.querySelector(".numbers-body");
    details.addEventListener("toggle", () => this.#draw());
  }

  show(series, now = Date.now()) {
    this.series = series;
    this.now = now;
    const signature = `${series.startsAt}/${series.counts.length}/${series.moments.length}/${series.gaps.length}`;
    if (signature !== this.signature) {
      this.signature = signature;
      this.#draw();
    }
  }

  #draw() {
    if (!this.details.open || !this.series) return;
    const { times, counts, moments } = this.series;
    const spans = gapSpans(this.series, this.now);
    const rows = counts.map((count, minute) => {
      const causes = moments
        .filter((moment) => Math.floor(minuteOf(this.series, moment.at)) === minute)
        .map((moment) => moment.cause);
      const gap = spans.some((span) => span.from < minute + 1 && span.to > minute);
      return make(
        "tr",
        {},
        make("td", {}, times[minute]),
        make("td.number", {}, number(count)),
        make("td", {}, [gap && "partly no data", ...causes].filter(Boolean).join(" · ")),
      );
    });
    const head = make(
      "tr",
      {},
      make("th", { scope: "col" }, "Time"),
      make("th.number", { scope: "col" }, "Messages"),
      make("th", { scope: "col" }, "Remarks"),
    );
    this.body.replaceChildren(
      make(
        "table.table.dense",
        {},
        make("caption", {}, this.caption),
        make("thead", {}, head),
        make("tbody", {}, ...rows.reverse()),
      ),
    );
  }
}
