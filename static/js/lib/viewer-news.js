/** What happens to viewers, in words for the corner of the page. */

import { make } from "./dom.js";
import { number, plural } from "./format.js";
import { giftCoins, giftCount } from "./streaks.js";
import { toast } from "./toast.js";
import { namesOf } from "./viewer-words.js";

/** kind → [icon, words after the name, whether to catch the eye, words for many]; others are no toast. */
const TOLD = {
  "vip-promoted": ["crown", ({ tier }) => ` has reached ${tier ?? "a VIP tier"}`, true, "have reached a higher tier"],
  "vip-set": ["crown", ({ tier }) => ` is now ${tier ?? "VIP"}, set by hand`, false, "were given a tier by hand"],
  "vip-removed": ["crown", left, false, "have left their tier"],
  birthday: [
    "cake",
    ({ age }) => (age ? ` turns ${age} today` : " has their birthday today"),
    true,
    "have their birthday today",
  ],
  "birthday-live": [
    "cake",
    ({ age }) => ` is here${age ? ` and turns ${age} today` : ", on their birthday"}`,
    true,
    "are here on their birthday",
  ],
};

const GATHER_MS = 250;
const MOST = 3;
let waiting = [];

/** Tells of a person; of many at once, as after a change of tiers, only how many. */
export function tell(kind, message) {
  if (!TOLD[kind]) return;
  if (!waiting.length) setTimeout(tellAll, GATHER_MS);
  waiting.push([kind, message]);
}

function tellAll() {
  const news = waiting;
  waiting = [];
  for (const kind of new Set(news.map(([one]) => one))) {
    const messages = news.filter(([one]) => one === kind).map(([, message]) => message);
    const [symbol, words, attention, many] = TOLD[kind];
    if (messages.length > MOST) toast(`${number(messages.length)} viewers ${many}`, { icon: symbol, attention });
    else for (const one of messages) toast(sentence(namesOf(one).shown, words(one)), { icon: symbol, attention });
  }
}

/** A gift from somebody who has a tier. */
export function tellGift(item, tier) {
  const name = item.extra?.name || "a gift";
  const count = giftCount(item);
  const what = count > 1 ? `${name} ×${number(count)}` : name;
  toast(sentence(item.user || item.login, ` (${tier}) sent ${what}, ${plural(giftCoins(item), "coin")}`), {
    icon: "gift",
  });
}

/** A name from outside stays apart from our words, whichever way its script runs. */
export function sentence(name, words) {
  return make("span", {}, make("bdi.toast-name", {}, name), words);
}

/** Out of all tiers, or down to a lower one. */
function left({ tier, previous }) {
  if (tier) return ` is ${tier} now${previous ? `, no longer ${previous}` : ""}`;
  return previous ? ` is no longer ${previous}` : " is no longer a VIP";
}
