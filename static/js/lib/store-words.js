/** How the shop's facts are written: on rows, in the dialog, in the funnel and in toasts alike. */

import { serverNow } from "./clock.js";
import { make } from "./dom.js";
import { ago, clock, clockSeconds, day, money, number } from "./format.js";

/** type → [the event, icon, what people have done who took it], in the order of the funnel, which counts people. */
export const STEPS = {
  page_view: ["Page view", "eye", "Viewed a page"],
  product_view: ["Product view", "package", "Viewed a product"],
  add_to_cart: ["Add to cart", "shopping-cart", "Added to cart"],
  user_signup: ["Sign-up", "user-plus", "Signed up"],
  purchase: ["Purchase", "shopping-bag", "Bought"],
};

export const STEP_NAMES = Object.keys(STEPS);

export const stepWords = (type) => STEPS[type]?.[0] ?? type;

export const stepIcon = (type) => STEPS[type]?.[1] ?? "activity";

/** What a range is compared with, where it is short; null: with nothing. */
export const BEFORE = { "1h": "1 h before", "24h": "24 h before", "7d": "7 days before", "30d": "30 days before" };

/** "29.90" in any currency that a shop may name. */
export function amountOf({ amount, currency }) {
  if (amount === null || amount === undefined) return "";
  try {
    return money(amount, { code: currency || undefined });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // three letters that are no currency
    return `${number(amount)} ${currency}`;
  }
}

/** "18:04:12", with its day where that is not today. */
export function timeOf(at) {
  const isToday = day(at) === day(serverNow());
  return make("time", { datetime: at, title: moment(at) }, isToday ? clockSeconds(at) : `${day(at)}, ${clock(at)}`);
}

export const moment = (at) => `${day(at)}, ${clockSeconds(at)}`;

/** "12 min ago", "Fri, 14 Nov". */
export function sinceWords(at) {
  const seconds = Math.max(0, (serverNow() - Date.parse(at)) / 1000);
  if (seconds >= 86_400) return day(at);
  return seconds < 2 ? "just now" : `${ago(seconds)} ago`;
}

export const since = (at) => make("time", { datetime: at, title: moment(at) }, sinceWords(at));

const SHOWN_FIRST = ["product", "product_id", "product_name", "products", "name", "title", "page", "path", "url"];
const LEFT_OUT = new Set(["amount", "value", "total", "price", "currency", "simulated"]);
const MOST_SAID = 160;

/** An event's data in one line: what it was about first, without what stands in a place of its own. */
export function saidOf(data) {
  const entries = Object.entries(data ?? {}).filter(([name]) => !LEFT_OUT.has(name));
  const rank = ([name]) => (SHOWN_FIRST.includes(name) ? SHOWN_FIRST.indexOf(name) : SHOWN_FIRST.length);
  const told = entries.toSorted((one, other) => rank(one) - rank(other)).slice(0, 4);
  const prefix = (name) => (SHOWN_FIRST.includes(name) ? "" : `${name}: `);
  const text = told.map(([name, value]) => prefix(name) + valueWords(value));
  return text.join(" · ").slice(0, MOST_SAID);
}

function valueWords(value) {
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value.join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
