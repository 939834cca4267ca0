/** The funnel: how many took each step as bars, the range before as a thin mark, and who was lost in between. */

import { part, setText } from "../lib/dom.js";
import { compact, number, percent } from "../lib/format.js";
import { oncePerFrame } from "../lib/frame.js";
import { STEP_NAMES, STEPS } from "../lib/store-words.js";
import { numbersTable } from "./numbers-table.js";

const CAPTION = "People who took each step";

export class FunnelChart {
  /** `list` holds one element for each step, `numbers` the <details> of its table. */
  constructor(list, numbers) {
    this.rows = new Map([...list.querySelectorAll("[data-step]")].map((row) => [row.dataset.step, row]));
    this.numbers = numbers;
    this.draw = oncePerFrame(() => this.#draw());
    numbers.addEventListener("toggle", () => this.#drawNumbers());
  }

  /** `funnel`, `before`: {funnel_counts, conversion_rates, drop_off}; `before` is null where it is `missing`: why. */
  show(funnel, before, missing = null) {
    this.missing = missing;
    this.funnel = funnel;
    this.before = before;
    this.draw();
  }

  #draw() {
    const { funnel_counts: counts, conversion_rates: rates, drop_off: lost } = this.funnel;
    const earlier = this.before?.funnel_counts ?? {};
    const most = Math.max(1, ...Object.values(counts), ...Object.values(earlier));
    for (const [at, step] of STEP_NAMES.entries()) {
      const row = this.rows.get(step);
      const missing = 100 - (100 * counts[step]) / most;
      row.querySelector(".funnel-fill").style.transform = `translateX(${-missing.toFixed(2)}%)`;
      const mark = row.querySelector(".funnel-before");
      mark.hidden = !(step in earlier);
      if (!mark.hidden) mark.style.insetInlineStart = `${((100 * earlier[step]) / most).toFixed(2)}%`;
      setText(part(row, "count"), compact(counts[step]));
      setText(part(row, "rate"), percent(rates[step]));
      const next = STEP_NAMES[at + 1];
      if (next) setText(part(row, "drop"), dropWords(counts[step], counts[next], lost[`${step}_to_${next}`]));
    }
    this.#drawNumbers();
  }

  #drawNumbers() {
    if (!this.numbers.open || !this.funnel) return;
    const { funnel_counts: counts, conversion_rates: rates, drop_off: lost } = this.funnel;
    const heads = ["Step", "People", "Of the first step", "Lost before the next", "Range before"];
    const rows = STEP_NAMES.map((step, at) => {
      const dropped = lost[`${step}_to_${STEP_NAMES[at + 1]}`];
      const earlier = this.before?.funnel_counts[step];
      const cells = [
        number(counts[step]),
        percent(rates[step]),
        dropped === undefined ? "" : percent(dropped),
        earlier === undefined ? "not known" : number(earlier),
      ];
      return [STEPS[step][2], ...cells];
    });
    const caption = this.missing ? `${CAPTION}. The range before is not known: ${this.missing}` : CAPTION;
    this.numbers.querySelector(".numbers-body").replaceChildren(numbersTable(caption, heads, rows));
  }
}

function dropWords(count, next, percents) {
  if (!count) return "nobody yet";
  if (next > count) return `${number(next - count)} more came in here`;
  return next === count ? "nobody lost" : `${percent(percents)} lost · ${number(count - next)}`;
}
