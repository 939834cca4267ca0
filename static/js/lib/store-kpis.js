/** The shop's five figures: each with the range before, where that is known. */

import { Counter } from "./counter.js";
import { byId, icon, make, part, unseen } from "./dom.js";
import { brief, compact, decimal, number, percent, plural } from "./format.js";
import { oncePerFrame } from "./frame.js";
import { BEFORE } from "./store-words.js";

const MOST_PERCENTS = 10_000; // what has just begun is compared with next to nothing
const HOURS = { "24h": 24, "7d": 168, "30d": 720 };

export class StoreKpis {
  constructor() {
    const figure = (name, format, options) => new Counter(part(byId(`kpi-${name}`), "figure"), format, options);
    this.counters = {
      events: figure("events", compact),
      visitors: figure("visitors", compact),
      purchases: figure("purchases", compact),
      conversion: figure("conversion", percent, { decimals: 1 }),
      hour: figure("hour", compact),
    };
    this.draw = oncePerFrame(() => this.#draw());
  }

  /** Another range: what is known belongs to the old one. */
  reset(range) {
    this.range = range;
    this.stats = null;
    this.funnel = null;
  }

  showStats(stats) {
    this.stats = stats;
    this.draw();
  }

  showFunnel(funnel) {
    this.funnel = funnel;
    this.draw();
  }

  #draw() {
    if (this.stats) this.#drawStats(this.stats);
    if (this.funnel) this.#drawFunnel(this.funnel);
  }

  #drawStats(stats) {
    this.counters.events.show(stats.total_events);
    this.counters.hour.show(stats.events_last_hour);
    this.counters.purchases.show(stats.event_types.purchase ?? 0);
    this.#note("events", this.#eventsNote(stats));
    const hours = HOURS[this.range];
    const usual = hours ? `usually ${brief(Math.round(stats.total_events / hours))} an hour` : "whatever the range";
    this.#note("hour", [usual]);
  }

  /** How many events there were before is told of no range; what each visitor did is, and says as much. */
  #eventsNote({ total_events: events, unique_users: people, previous }) {
    if (!this.funnel?.previous || previous || !people) return change(events, previous?.total_events, this.range);
    return [`${decimal(events / people)} by each visitor`];
  }

  #drawFunnel({ total_users: people, funnel_counts: counts, conversion_rates: rates, previous }) {
    this.counters.visitors.show(people);
    this.counters.conversion.show(rates.purchase);
    this.#note("visitors", change(people, previous?.total_users, this.range));
    this.#note("purchases", buyersNote(counts.purchase, previous?.funnel_counts.purchase, this.range));
    this.#note("conversion", points(rates.purchase, previous?.conversion_rates.purchase, this.range));
  }

  #note(name, parts) {
    const note = part(byId(`kpi-${name}`), "note");
    const wanted = make("div", {}, ...parts);
    if (note.textContent === wanted.textContent) return;
    note.replaceChildren(...wanted.childNodes);
    note.title = note.textContent;
  }
}

/** ["↑ 12 %", " vs 24 h before"], or why there is nothing to compare with. */
function change(value, before, range) {
  if (range === "all") return ["since the first event"];
  if (before === null || before === undefined) return ["no comparison yet"];
  const words = arrow(value, before);
  return words ? [...words, ` vs ${BEFORE[range]}`] : [`none in ${BEFORE[range]}`];
}

function buyersNote(buyers, before, range) {
  const words = `by ${plural(buyers, "buyer")}`;
  if (range === "all") return [words];
  if (before === null || before === undefined) return ["no comparison yet"];
  return [`${words}, `, ...(arrow(buyers, before) ?? ["none before"])];
}

/** null where there was nothing: no percentage says how much more that is. */
function arrow(value, before) {
  if (!before) return null;
  const percents = (100 * (value - before)) / before;
  if (percents > MOST_PERCENTS) return [mark(percents, `${number(Math.round(value / before))}-fold`)];
  return Math.abs(percents) < 0.05 ? ["as many"] : [mark(percents, percent(Math.abs(percents)))];
}

function points(value, before, range) {
  if (range === "all") return ["of those who viewed a page"];
  if (before === null || before === undefined) return ["no comparison yet"];
  const away = value - before;
  if (Math.abs(away) < 0.05) return [`as in ${BEFORE[range]}`];
  return [mark(away, `${decimal(Math.abs(away))} pt`), ` vs ${BEFORE[range]}`];
}

function mark(away, words) {
  const direction = away > 0 ? "up" : "down";
  return make(`span.change.${direction}`, {}, icon(`arrow-${direction}`), unseen(`${direction} `), words);
}
