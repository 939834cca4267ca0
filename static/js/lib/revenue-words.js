/** How money is named: where it came from, what it was for, and in what currency. */

import { money, number, plural } from "./format.js";

/** source → [name, icon]; other systems may name others. */
const SOURCES = {
  shop: ["Shop", "shopping-bag"],
  memberships: ["Memberships", "credit-card"],
  gifts: ["Gifts", "gift"],
  bits: ["Bits", "gem"],
  subs: ["Subs", "star"],
  gift_subs: ["Gift subs", "heart"],
  sales: ["Other sales", "coins"],
};

/** What was sold, where nothing says so: the source stands below it anyway. */
const NAMELESS = { shop: "Purchase", memberships: "Membership" };

export const sourceName = (source) => SOURCES[source]?.[0] ?? source;

export const sourceIcon = (source) => SOURCES[source]?.[1] ?? "coins";

export const amount = (value, code) => money(value, { code });

/** Of one gift: half a cent is not nothing. */
export const exactAmount = (value, code) => money(value, { code, exact: Math.abs(value) < 1 });

/** "5 × Rose", "300 bits", "Tier 1 sub", "Hoodie". */
export function thing({ source, label, quantity }) {
  if (source === "gifts") return `${quantity > 1 ? `${number(quantity)} × ` : ""}${label || "Gift"}`;
  if (source === "bits") return plural(quantity, "bit");
  if (source === "subs") return `${label} sub`;
  if (source === "gift_subs") return `${label} sub as a gift`;
  return label || NAMELESS[source] || "Sale";
}

/** What a line of the ledger is about. */
export function about(entry) {
  const prefix = { refund: "Given back: ", correction: "Taken out: " }[entry.kind] ?? "";
  return prefix + thing(entry);
}

const BASES = {
  weekdays: (days) => ["", `from what each weekday brought in ${days} days`],
  average: (days) => [", by the average", `from the average of ${plural(days, "day")}, too few to tell weekdays apart`],
  pace: (days) => [", a guess", `as a guess: ${days ? plural(days, "whole day is", "whole days are") : "no whole day is"} known yet`],
};

/** What a projection rests on: [in two words, in a sentence]; null where there is nothing to rest on. */
export function basis({ basis: kind, days_known: days, low, high }, code) {
  if (kind === "nothing") return null;
  const [brief, words] = BASES[kind](days);
  const range = (options) => `${money(low, { code, ...options })} – ${money(high, { code, ...options })}`;
  const sentence = `The month is projected ${words}. Four months of five end between ${range({}).replace("–", "and")}.`;
  return [range({ brief: true }) + brief, sentence];
}
