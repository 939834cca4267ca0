/** Puts a member on the page: figures, two charts, what they may like, and their latest watches and payments. */

import { barChart } from "../charts/bars.js";
import { ChartCard } from "../charts/card.js";
import { numbersTable } from "../charts/numbers-table.js";
import { ringChart } from "../charts/rings.js";
import { byId, empty, make, part, setText } from "./dom.js";
import { date, moment, money, number, percent, plural, tenths } from "./format.js";
import { addressOf } from "./library-address.js";
import { colourOf, initialsOf } from "./person.js";
import { sentence } from "./refusals.js";

const SHOWN_BARS = 8;

const PROGRESS = {
  columns: [
    { field: "title", words: "Title" },
    { field: "progress", words: "Progress", write: percent },
    { field: "watched_on", words: "Watched", write: date },
  ],
  draw: (watches) => barChart(watches.slice(0, SHOWN_BARS).map(progressBar), { write: percent, most: 100 }),
  spoken: (watches) => {
    const latest = watches.slice(0, SHOWN_BARS).map(({ title, progress }) => `${title} ${percent(progress)}`);
    return `Their latest watches: ${latest.join(", ")}.`;
  },
  nothing: ["clapperboard", "Nothing watched yet", "Their first watch stands here."],
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
  spoken: (genres) => `Their genres: ${genres.map(({ genre, watch_count: n }) => `${genre} ${number(n)}`).join(", ")}.`,
  nothing: ["chart-column", "No genre yet", "What they watch is shared out among its genres here."],
};

function progressBar({ title, progress, watched_on: at }) {
  return { name: title, value: progress, note: date(at) };
}

export class MemberSheet {
  constructor() {
    this.root = byId("member");
    this.progress = new ChartCard("chart-member-progress", PROGRESS, "library-member");
    this.genres = new ChartCard("chart-member-genres", GENRES, "library-member");
  }

  /** `about` as /api/users/<id> tells it, `stats` and `advice` as the two questions about a user do. */
  show(about, stats, advice) {
    this.#showHead(about);
    this.#showTotals(stats.totals);
    this.progress.show(stats.watch_history, about.name);
    this.genres.show(stats.genres, about.name);
    showAdvice(advice);
    showTable("watched", WATCHED, stats.watch_history, stats.totals.watches);
    showTable("paid", PAID, stats.payment_history, stats.totals.payments);
    for (const [id, kind] of [
      ["watched-all", "watch-history"],
      ["paid-all", "payments"],
    ])
      byId(id).href = addressOf({ tab: "records", kind, user_id: about.id });
  }

  #showHead({ id, name, email, plan, joined_at: joined, cancelled_at: cancelled }) {
    const face = part(this.root, "avatar");
    face.className = `avatar big person-${colourOf("library", String(id))}`;
    setText(face, initialsOf(name));
    byId("member-name").replaceChildren(make("bdi", {}, name));
    part(this.root, "line").replaceChildren(
      make("bdi", {}, email),
      make("span.tag", {}, make("bdi", {}, plan ?? "No plan")),
      make("span", {}, `Joined ${date(joined)}`),
      ...(cancelled ? [make("span.tag.attention", {}, `Left ${date(cancelled)}`)] : []),
    );
  }

  #showTotals(totals) {
    const paid = Object.entries(totals.paid).map(([code, amount]) => money(amount, { code }));
    const figures = [
      ["Watches", number(totals.watches)],
      ["Average progress", totals.average_progress === null ? "–" : percent(totals.average_progress)],
      ["Reviews", totals.reviews ? `${number(totals.reviews)}, ${tenths(totals.average_rating)} on average` : "–"],
      ["Paid", paid.join(", ") || "–"],
    ];
    part(this.root, "totals").replaceChildren(
      ...figures.map(([words, figure]) =>
        make("div.total", {}, make("dt", {}, words), make("dd", { title: figure }, figure)),
      ),
    );
  }
}

const WATCHED = {
  heads: ["Title", "Progress", "Watched"],
  cells: ({ title, progress, watched_on: at }) => [title, percent(progress), moment(at)],
  nothing: "Nothing watched yet.",
};
const PAID = {
  heads: ["When", "Amount", "Method"],
  cells: ({ payment_date: at, amount, currency, method }) => [moment(at), money(amount, { code: currency }), method],
  nothing: "Nothing paid yet.",
};

function showTable(id, { heads, cells, nothing }, rows, all) {
  const shown = rows.length < all ? `The newest ${number(rows.length)} of ${number(all)}` : `All ${number(all)}`;
  const table = numbersTable(shown, heads, rows.map(cells), { texts: id === "paid" ? [2] : [] });
  byId(id).replaceChildren(rows.length ? table : empty(null, null, nothing));
}

/** The API speaks to the member; this page speaks of them. */
const reasonOf = ({ because, reason }) => (because ? `because they watched ${because}` : reason);

function showAdvice(advice) {
  const lines = advice.map(({ title, genre, content_type: type, rating, ...why }) =>
    make(
      "li",
      {},
      make("bdi.name", { title }, title),
      make(
        "span.kind",
        {},
        [genre, type, rating === null ? null : `rated ${tenths(rating)}`].filter(Boolean).join(" · "),
      ),
      make("span.why", {}, sentence(reasonOf(why))),
    ),
  );
  const nothing = make("li", {}, empty(null, null, "Nothing they have not seen yet."));
  byId("recommended").replaceChildren(...(lines.length ? lines : [nothing]));
}
