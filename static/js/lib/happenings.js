/** What an item of the feed is, in words, icon and colour class. Pages, ticker and overlay say it alike. */

import { number, plural } from "./format.js";
import { giftCoins, giftCount } from "./streaks.js";

const PLANS = { 1000: "tier 1", 2000: "tier 2", 3000: "tier 3", Prime: "Prime" };

/** kind → [icon, colour class, (item) → words after the name]. Kinds not listed are shown by their own name. */
const HAPPENINGS = {
  sub: ["star", "sub", (item) => `subscribed${plan(item)}`],
  resub: ["star", "sub", (item) => `subscribed for ${plural(item.amount || 1, "month")}${plan(item)}`],
  subgift: ["gift", "sub", gifted],
  raid: ["swords", "raid", (item) => `raids with ${plural(item.amount, "viewer")}`],
  gift: ["gift", "gift", (item) => `sent ${giftName(item)} · ${plural(giftCoins(item), "coin")}`],
  follow: ["user-plus", "", () => "follows"],
  share: ["share-2", "", () => "shared the stream"],
  like: ["heart", "", (item) => `sent ${plural(item.amount || 1, "like")}`],
  join: ["log-in", "", () => "joined"],
  live_start: ["radio", "", () => "The stream started"],
  live_end: ["radio", "", () => "The stream ended"],
};

export function isChat(item) {
  return item.kind === "chat";
}

/** {icon, colour, words} of anything that is not a chat message. */
export function happening(item) {
  const [icon, colour, words] = HAPPENINGS[item.kind] ?? ["info", "", () => String(item.kind).replaceAll("_", " ")];
  return { icon, colour, words: words(item) };
}

/** One line for narrow places: the message itself, or what happened. */
export function summary(item) {
  if (!isChat(item)) return happening(item).words;
  return item.amount > 0 ? `${plural(item.amount, "bit")} · ${item.text}` : item.text;
}

function plan(item) {
  const name = PLANS[item.extra?.plan];
  return name ? ` (${name})` : "";
}

function gifted(item) {
  const recipient = item.extra?.recipient;
  const count = item.amount || 1;
  if (recipient && count === 1) return `gifted a subscription to ${recipient}`;
  return `gifted ${plural(count, "subscription")}`;
}

function giftName(item) {
  const name = item.extra?.name || "a gift";
  const quantity = giftCount(item);
  return quantity > 1 ? `${name} ×${number(quantity)}` : name;
}
