/** The charts of the library: which columns their numbers have, how they are drawn, what they say in a sentence. */

import { barChart } from "../charts/bars.js";
import { ChartCard } from "../charts/card.js";
import { lineChart } from "../charts/lines.js";
import { ringChart } from "../charts/rings.js";
import { retentionOf, worthOf } from "./library-finance.js";
import { fullDate, isoToday, money, monthYear, number, percent, plural, soFar, tenths } from "./format.js";

const HIGHEST_RATING = 10;
const MOST_MONTHS = 12; // of favourites that can be read beside each other
const MONEY = (amount, { currency }) => money(amount, { code: currency });
const ROUND_MONEY = (amount, { currency }) => money(amount, { code: currency, brief: true });
const CURRENCY = { field: "currency", words: "Currency", fileOnly: true };

const PLANS = {
  columns: [
    { field: "subscription", words: "Plan" },
    { field: "user_count", words: "Users", write: number },
    { field: "price", words: "Price", write: MONEY },
    { field: "monthly_revenue", words: "Monthly revenue", write: MONEY },
    CURRENCY,
  ],
  draw: (plans) =>
    barChart(
      plans.map((plan) => ({
        name: plan.subscription,
        value: plan.user_count,
        note: `${MONEY(plan.monthly_revenue, plan)} a month`,
      })),
      { write: number },
    ),
  spoken: (plans) => `Users per plan: ${listed(plans, (plan) => `${plan.subscription} ${number(plan.user_count)}`)}.`,
  nothing: ["wallet", "No plan yet", "The first plan begins this chart, the first user moves it."],
};

const RATED = {
  columns: [
    { field: "title", words: "Title" },
    { field: "genre", words: "Genre", text: true },
    { field: "content_type", words: "Type", text: true },
    { field: "rating", words: "Rating", write: tenths },
  ],
  draw: (titles) =>
    barChart(
      titles.map(({ title, rating, genre }) => ({ name: title, value: rating, note: genre })),
      { write: tenths, tick: number, most: HIGHEST_RATING },
    ),
  spoken: (titles) => `Top rated titles: ${listed(titles, ({ title, rating }) => `${title} ${tenths(rating)}`)}.`,
  nothing: ["star", "No rated title here", "A title stands here as soon as it has a rating."],
};

const POPULAR = {
  columns: [
    { field: "title", words: "Title" },
    { field: "watch_count", words: "Watches", write: number },
    { field: "average_progress", words: "Average progress", write: percent },
    { field: "total_progress", words: "Progress in all", write: percent },
  ],
  draw: (titles) =>
    barChart(
      titles.map(({ title, watch_count: value, average_progress: progress }) => ({
        name: title,
        value,
        note: `watched ${percent(progress)} of it on average`,
      })),
      { write: number },
    ),
  spoken: (titles) => `Most watched titles: ${listed(titles, ({ title, watch_count: n }) => `${title} ${number(n)}`)}.`,
  nothing: ["clapperboard", "Nothing was watched then", "Choose another month, or record what is watched."],
};

const TREND = {
  columns: [
    { field: "month", words: "Month", write: monthYear },
    { field: "title", words: "Title", text: true },
    { field: "watch_count", words: "Watches", write: number },
  ],
  draw: (rows) =>
    barChart(
      leaders(rows)
        .slice(-MOST_MONTHS)
        .map(({ month, title, watch_count: value }) => ({ name: `${monthYear(month)}  ${title}`, value })),
      { write: number },
    ),
  spoken: (rows) =>
    `The most watched title of each month: ${listed(leaders(rows), ({ month, title }) => `${monthYear(month)} ${title}`)}.`,
  nothing: ["history", "Nothing was watched yet", "Every month gets its favourite here."],
};

const GENRES = {
  columns: [
    { field: "genre", words: "Genre" },
    { field: "watch_count", words: "Watches", write: number },
  ],
  draw: (genres) =>
    ringChart(
      genres.map(({ genre, watch_count: value }) => ({ name: genre, value })),
      { write: (count) => plural(count, "watch", "watches") },
    ),
  spoken: (genres) => `Watches per genre: ${listed(genres, ({ genre, watch_count: n }) => `${genre} ${number(n)}`)}.`,
  nothing: ["chart-column", "Nothing was watched yet", "What members watch is shared out among its genres here."],
};

const METHODS = {
  columns: [
    { field: "method", words: "Method" },
    { field: "count", words: "Payments", write: number },
    { field: "paid", words: "Paid", text: true, tableOnly: true },
  ],
  amounts: "amounts",
  draw: (methods) =>
    ringChart(
      methods.map(({ method, count }) => ({ name: method, value: count })),
      { write: (count) => plural(count, "payment") },
    ),
  spoken: (methods) => `Payments by method: ${listed(methods, ({ method, count }) => `${method} ${number(count)}`)}.`,
  nothing: ["credit-card", "No payment yet", "The first payment says here how it was made."],
};

/** Months, weeks or days: what a point is called differs, where its sum stands, and whether its time still runs. */
const REVENUE = {
  month: { field: "month", words: "Month", sum: "revenue", write: monthYear, runs: ({ month }) => isoToday().startsWith(month) },
  week: { field: "week", words: "Week", sum: "total_revenue", write: String, runs: ({ starts_on: from }) => daysSince(from) < 7 },
  day: { field: "date", words: "Day", sum: "revenue", write: fullDate, runs: ({ date }) => date === isoToday() },
};

const daysSince = (date) => (Date.parse(isoToday()) - Date.parse(date)) / 86_400_000;

/** `by` is month, week or day. */
export function revenueOf(by) {
  const { field, words, sum, write, runs } = REVENUE[by];
  const called = (row) => soFar(write(row[field]), runs(row));
  return {
    columns: [
      { field, words, write: (_, row) => called(row) },
      { field: sum, words: "Revenue", write: MONEY },
      { field: "payments", words: "Payments", write: number },
      CURRENCY,
    ],
    amounts: "other_currencies",
    draw: (rows) =>
      lineChart(
        rows.map((row) => write(row[field])),
        [{ name: "Revenue", values: rows.map((row) => row[sum]) }],
        { runs: runs(rows.at(-1)), write: (amount) => MONEY(amount, rows[0]), tick: (amount) => ROUND_MONEY(amount, rows[0]) },
      ),
    spoken: (rows) => {
      const best = rows.reduce((one, other) => (other[sum] > one[sum] ? other : one));
      const span = `from ${write(rows[0][field])} to ${called(rows.at(-1))}`;
      return `Revenue by ${by} ${span}, most ${MONEY(best[sum], best)}, ${write(best[field])}.`;
    },
    remark: otherCurrencies,
    nothing: ["hand-coins", "Nothing was paid then", "Payments of members add up here."],
  };
}

/** What was paid in other currencies than the one that is drawn, in words. */
function otherCurrencies(rows) {
  const sums = {};
  for (const { other_currencies: others = {} } of rows)
    for (const [code, amount] of Object.entries(others)) sums[code] = (sums[code] ?? 0) + amount;
  const listed = Object.entries(sums).map(([code, amount]) => money(amount, { code }));
  return listed.length ? `Besides, in other currencies: ${listed.join(", ")}.` : "";
}

export const makeCards = () => ({
  plans: new ChartCard("chart-plans", PLANS),
  rated: new ChartCard("chart-rated", RATED),
  revenue: new ChartCard("chart-revenue", revenueOf("month")),
  popular: new ChartCard("chart-popular", POPULAR),
  trend: new ChartCard("chart-trend", TREND),
  genres: new ChartCard("chart-genres", GENRES),
  methods: new ChartCard("chart-methods", METHODS),
  worth: new ChartCard("chart-worth", worthOf("mrr")),
  retention: new ChartCard("chart-retention", retentionOf([])),
});

/** The first of each month; rows come with the most watched of a month first. */
const leaders = (rows) => rows.filter(({ month }, at) => month !== rows[at - 1]?.month);

const listed = (rows, words) => rows.map(words).join(", ");
