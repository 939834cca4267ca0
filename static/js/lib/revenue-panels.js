/** Where money comes from, what streams earned, and what came in other currencies. */

import { platformBadge } from "./chat-line.js";
import { byId, empty, icon, make, setText } from "./dom.js";
import { channelName, clock, day, percent, plural } from "./format.js";
import { amount, sourceIcon, sourceName } from "./revenue-words.js";

export function showSources({ by_source: sources, currency }) {
  const most = Math.max(1e-9, ...sources.map(({ revenue }) => revenue));
  renew(
    byId("sources"),
    sources,
    (one) => sourceRow(one, currency, one.revenue / most),
    () => empty("coins", null, "Every source of money will have its line here."),
  );
}

function sourceRow({ source, revenue, sales, percent: share }, currency, part) {
  const bar = make("i");
  bar.style.transform = `scaleX(${Math.max(0, part).toFixed(3)})`;
  return make(
    "li.source",
    {},
    make("span.sale-mark", { "aria-hidden": "true" }, icon(sourceIcon(source))),
    make("bdi.name", {}, sourceName(source)),
    make("span.source-amount", {}, amount(revenue, currency)),
    make("span.source-track", { "aria-hidden": "true" }, bar),
    make("span.source-note", {}, `${percent(share)} · ${plural(sales, "sale")}`),
  );
}

export function showStreams({ by_stream: streams }) {
  renew(
    byId("streams"),
    streams,
    streamRow,
    () => empty("radio", null, "What each stream earned will stand here."),
  );
}

function streamRow({ id, platform, channel, started_at: at, live, earned }) {
  const parts = ["gifts", "bits", "subs"].filter((name) => earned[name]);
  const others = earned.others.map(({ currency, amount: value }) => amount(value, currency));
  const told = [...parts.map((name) => `${name}\u00a0${amount(earned[name], earned.currency)}`), ...others];
  return make(
    "li.row",
    {},
    make(
      "span.row-body",
      {},
      make(
        "span.line",
        {},
        make("a.stream-link.name", { href: `/streams/${id}` }, `${day(at)}, ${clock(at)}`),
        live && make("span.tag.accent", {}, "live"),
      ),
      make("span.said", {}, platformBadge(platform), " ", make("bdi", {}, channelName(platform, channel)), told.length ? ` · ${told.join(" · ")}` : ""),
    ),
    make("span.sale-amount", {}, amount(earned.amount, earned.currency)),
  );
}

/** Amounts in other currencies stand beside the main one: nothing is converted, nothing added. */
export function showOthers({ other_currencies: others }) {
  byId("others-panel").hidden = !others.length;
  renew(byId("others"), others, otherRow, () => "");
}

function otherRow({ currency, today, month, last_30_days: thirty, by_source: sources }) {
  const names = sources.map(({ source }) => sourceName(source)).join(", ");
  return make(
    "tr",
    {},
    make("th", { scope: "row" }, currency),
    ...[today, month, thirty].map((value) => make("td.number", {}, amount(value, currency))),
    make("td", {}, make("bdi", {}, names)),
  );
}

export function showBestHours({ best_hours: hours, currency }) {
  const words = hours.map(({ hour, revenue }) => `${String(hour).padStart(2, "0")}:00 (${amount(revenue, currency)})`);
  setText(byId("best-hours"), words.length ? `Most came in at ${words.join(", ")}` : "");
}

/** Written anew only when something else is to be said: nobody who reads or tabs through is disturbed for nothing. */
function renew(list, items, row, nothing) {
  const signature = JSON.stringify(items);
  if (list.signature === signature) return;
  list.signature = signature;
  if (items.length) list.replaceChildren(...items.map(row));
  else list.replaceChildren(list.tagName === "TBODY" ? "" : make("li", {}, nothing()));
}
