/** The figures of the page: what came in, what is to come, and who is here. */

import { change } from "./change.js";
import { Counter } from "./counter.js";
import { byId, make, part, setText } from "./dom.js";
import { compact, fullDate, minorDigits, moneyFigure, monthWords as monthName, number } from "./format.js";
import { oncePerFrame } from "./frame.js";
import { amount, basis } from "./revenue-words.js";

export class RevenueKpis {
  constructor() {
    const figure = (name, format, options) => new Counter(part(byId(`kpi-${name}`), "figure"), format, options);
    const cash = (value) => moneyFigure(value, this.currency);
    this.counters = {
      today: figure("today", cash, { decimals: minorDigits() }),
      month: figure("month", cash, { decimals: minorDigits() }),
      projected: figure("projected", cash, { decimals: minorDigits() }),
      visitors: figure("visitors", compact),
      best: figure("best", cash, { decimals: minorDigits() }),
    };
    this.draw = oncePerFrame(() => this.#draw());
  }

  showRevenue(revenue) {
    this.revenue = revenue;
    this.draw();
  }

  /** What a sale has changed: {today, yesterday, month, currency}; `day` is its day, with what that brought by now. */
  showTotals(totals, day) {
    if (!this.revenue) return;
    const best = this.revenue.best_day;
    const isBest = day && (day.date === best?.date || day.revenue > (best?.revenue ?? 0));
    this.revenue = { ...this.revenue, ...totals, ...(isBest && { best_day: day }) };
    this.draw();
  }

  showVisitors(visitors) {
    this.visitors = { ...this.visitors, ...visitors };
    this.draw();
  }

  #draw() {
    if (this.revenue) this.#drawRevenue(this.revenue);
    if (this.visitors) {
      this.counters.visitors.show(this.visitors.today ?? null);
      this.#note("visitors", `${number(this.visitors.online_now ?? 0)} online now`);
    }
  }

  #drawRevenue(revenue) {
    const { today, yesterday, month, month_before: before, projected_month: projected, best_day: best } = revenue;
    const { last_30_days: days, currency } = revenue;
    this.currency = currency;
    this.counters.today.show(today);
    this.#note("today", `yesterday ${amount(yesterday, currency)}`);
    this.counters.month.show(month);
    this.#note("month", ...(monthWords(month, before) ?? [`since 1 ${monthName(projected.month)}`]));
    const [brief, sentence] = basis(projected, currency) ?? ["nothing was earned yet", ""];
    this.counters.projected.show(sentence ? projected.amount : null);
    this.#note("projected", brief);
    setText(byId("projection"), sentence);
    this.counters.best.show(best ? best.revenue : null);
    this.#note("best", best ? bestWords(best.date, days.at(-1).date) : "no day with money yet");
  }

  #note(name, ...parts) {
    const note = part(byId(`kpi-${name}`), "note");
    const wanted = make("div", {}, ...parts);
    if (note.textContent === wanted.textContent) return;
    note.replaceChildren(...wanted.childNodes);
    note.title = note.textContent;
  }
}

const LEAST_PART = 0.1; // of the month: what was less had sources that were not recorded yet, and is no comparison

/** The month against the one before up to the same day and time; null where that is not known, or next to nothing. */
function monthWords(month, before) {
  if (!before || before.revenue <= 0 || before.revenue < LEAST_PART * month) return null;
  const last = Number(before.to.slice(8));
  const days = `${last > 1 ? "1–" : ""}${last} ${monthName(before.to.slice(0, 7))}`;
  const percents = Math.round((100 * (month - before.revenue)) / before.revenue);
  return change(percents, `vs ${days}`, `as in ${days}`);
}

/** The best of all days may be years ago; and may be one that is not over. */
const bestWords = (date, today) => (date === today ? "today, so far" : fullDate(date));
