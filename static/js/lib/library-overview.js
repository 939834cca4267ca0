/** The charts of the library and what they are limited to, which the address keeps. */

import { byId, make, setText } from "./dom.js";
import { onlyServer } from "./http.js";
import { dayIn, goTo } from "./library-address.js";
import * as api from "./library-api.js";
import { makeCards, revenueOf } from "./library-charts.js";
import { offered } from "./library-choices.js";
import { MEASURES, retentionOf, retentionRows, worthOf } from "./library-finance.js";
import { money } from "./format.js";
import { showKpis } from "./library-kpis.js";

const BY = { month: "by month", week: "by week", day: "by day" };
const USUAL = { genre: "", month: "", by: "month", start: "", end: "", measure: "mrr" };
const NOTHING = { genres: [], months: [] };
const CHOICES = { genre: "genre", month: "month", measure: "measure", start: "revenue-start", end: "revenue-end" };

/** Which chart a choice is about. */
const CARD_OF = { genre: "rated", month: "popular", by: "revenue", start: "revenue", end: "revenue", measure: "worth" };

export class Overview {
  constructor() {
    this.cards = makeCards();
    this.view = USUAL;
    for (const [name, id] of Object.entries(CHOICES))
      byId(id).addEventListener("change", ({ target }) => this.#change({ [name]: target.value }));
    byId("revenue-by").addEventListener("change", ({ target }) => this.#change({ by: target.value }));
  }

  get place() {
    const said = Object.entries(this.view).filter(([name, value]) => value !== USUAL[name]);
    return { tab: "overview", ...Object.fromEntries(said) };
  }

  follow(place) {
    const view = viewOf(place);
    const cards = this.lists ? changedCards(this.view, view) : Object.keys(this.cards);
    this.view = view;
    this.#show(cards);
  }

  /** Asks everything anew, as records were changed; when somebody looks at it. */
  forget() {
    this.lists = null;
    this.metrics = null;
  }

  /** Asked for once: two parts of the page tell of them. */
  #metrics() {
    this.metrics ??= api.metrics().catch((error) => {
      this.metrics = null;
      throw error;
    });
    return this.metrics;
  }

  #change(changes) {
    const view = { ...this.view, ...changes };
    const cards = changedCards(this.view, view);
    this.view = view;
    goTo(this.place);
    this.#show(cards);
  }

  async #show(cards) {
    byId("revenue-by").querySelector(`[value="${this.view.by}"]`).checked = true;
    byId("revenue-span").hidden = this.view.by !== "day";
    byId("measure").value = this.view.measure;
    if (!this.lists) {
      this.lists = await offered().catch(() => null); // each chart that needs them says so
      this.#loadFigures();
    }
    this.#offer(this.lists ?? NOTHING);
    for (const name of cards) this.#load(name);
  }

  /** The newest month and all days with payments are what is shown unless others are chosen. */
  #offer({ genres, months, first_payment: first, last_payment: last }) {
    const { genre, month, start, end } = this.view;
    fill(byId("genre"), [["", "All genres"], ...genres.map((name) => [name, name])], genre);
    fill(
      byId("month"),
      months.map((name) => [name, monthName(name)]),
      month || (months[0] ?? ""),
    );
    byId("month").hidden = !months.length;
    byId("revenue-start").value = start || (first ?? "");
    byId("revenue-end").value = end || (last ?? "");
  }

  async #loadFigures() {
    try {
      const asked = [
        this.#metrics(),
        ...["users", "content", "watch-history"].map((kind) => api.listRecords(kind, { limit: 1 })),
      ];
      const [metrics, users, titles, watches] = await Promise.all(asked);
      const counts = { users, titles, watches };
      for (const [name, { pagination }] of Object.entries(counts)) counts[name] = pagination.total;
      showKpis(metrics, counts);
      byId("overview-problem").hidden = true;
    } catch (error) {
      onlyServer(error);
      byId("overview-problem").hidden = false;
      setText(byId("overview-problem"), `The figures cannot be read right now: ${error.message}`);
    }
  }

  #load(name) {
    const card = this.cards[name];
    const { genre, measure } = this.view;
    const month = byId("month").value;
    const loads = {
      plans: () => card.load(api.subscriptions),
      rated: () => card.load(() => api.topContent(genre), { note: genre }),
      popular: () => card.load(popularIn(month), { note: month && monthName(month) }),
      trend: () => card.load(api.popularMonths),
      genres: () => card.load(api.genreShares),
      methods: () => card.load(async () => (await api.paymentMethods()).map(withPaid)),
      revenue: () => this.#loadRevenue(card),
      worth: () => card.load(async () => (await this.#metrics()).plans, worthNow(measure)),
      retention: () => card.load(retained, { chartOf: retentionOf }),
    };
    return loads[name]();
  }

  #loadRevenue(card) {
    const { by } = this.view;
    const [start, end] = [byId("revenue-start").value, byId("revenue-end").value];
    const note = by === "day" && start && end ? `${BY[by]}, ${start} to ${end}` : BY[by];
    const answer = { month: api.revenueTrends, week: api.weeklyRevenue, day: () => revenueByDay(start, end) }[by];
    const ask = async () => {
      const rows = await answer({});
      return rows.some(({ payments, other_currencies: others }) => payments || Object.keys(others).length) ? rows : [];
    };
    return card.load(ask, { note, chartOf: () => revenueOf(by) });
  }
}

const worthNow = (measure) => ({ note: MEASURES[measure][0], chartOf: () => worthOf(measure) });

async function retained() {
  const rows = retentionRows(await api.retention());
  return rows.some((row) => row.retained.length) ? rows : [];
}

/** Without a month there was nothing watched, unless that could not be asked. */
const popularIn = (month) => async () => (month || (await offered()).months.length ? api.popularIn(month) : []);

/** Without payments there are no days to ask for. */
const revenueByDay = (start, end) => (start || end ? api.revenueTrends({ start_date: start, end_date: end }) : []);

function withPaid(row) {
  const amounts = Object.entries(row.amounts).map(([code, amount]) => money(amount, { code }));
  return { ...row, paid: amounts.join(", ") };
}

/** What is not known is passed over, as an address may come from anywhere. */
function viewOf({ genre = "", month = "", by = "", start = "", end = "", measure = "" }) {
  return {
    genre: genre.slice(0, 60),
    month: /^\d{4}-(0[1-9]|1[0-2])$/.test(month) ? month : "",
    by: Object.hasOwn(BY, by) ? by : USUAL.by,
    start: dayIn(start),
    end: dayIn(end),
    measure: Object.hasOwn(MEASURES, measure) ? measure : USUAL.measure,
  };
}

function changedCards(before, after) {
  const changed = Object.keys(CARD_OF).filter((name) => before[name] !== after[name]);
  return [...new Set(changed.map((name) => CARD_OF[name]))];
}

function fill(select, entries, value) {
  const known = entries.some(([each]) => each === value);
  const all = known || !value ? entries : [...entries, [value, value]];
  select.replaceChildren(...all.map(([each, words]) => make("option", { value: each }, words)));
  select.value = value;
}

/** "2024-08" → "August 2024". */
function monthName(month) {
  const [year, number] = month.split("-").map(Number);
  const words = new Intl.DateTimeFormat("en", { month: "long", year: "numeric", timeZone: "UTC" });
  return words.format(new Date(Date.UTC(year, number - 1, 1)));
}
