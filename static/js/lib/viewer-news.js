/** What happens to viewers, in words for the corner of the page. */

import { make } from "./dom.js";
import { number, plural } from "./format.js";
import { giftCoins, giftCount } from "./streaks.js";
import { toast } from "./toast.js";
import { namesOf } from "./viewer-words.js";

/** kind → [icon, words after the name, whether to catch the eye]; kinds that are not here are no toast. */
const TOLD = {
  "vip-promoted": ["crown", ({ tier }) => ` has reached ${tier ?? "a VIP tier"}`, true],
  "vip-set": ["crown", ({ tier }) => ` is now ${tier ?? "VIP"}, set by hand`, false],
  "vip-removed": ["crown", ({ previous }) => (previous ? ` is no longer ${previous}` : " is no longer a VIP"), false],
  birthday: ["cake", ({ age }) => (age ? ` turns ${age} today` : " has their birthday today"), true],
  "birthday-live": ["cake", ({ age }) => ` is here${age ? ` and turns ${age} today` : ", on their birthday"}`, true],
};

export function tell(kind, message) {
  const known = TOLD[kind];
  if (!known) return;
  const [symbol, words, attention] = known;
  toast(sentence(namesOf(message).shown, words(message)), { icon: symbol, attention });
}

/** A gift from somebody who has a tier. */
export function tellGift(item, tier) {
  const name = item.extra?.name || "a gift";
  const count = giftCount(item);
  const what = count > 1 ? `${name} ×${number(count)}` : name;
  toast(sentence(item.user || item.login, ` (${tier}) sent ${what}, ${plural(giftCoins(item), "coin")}`), { icon: "gift" });
}

/** A name from outside stays apart from our words, whichever way its script runs. */
export function sentence(name, words) {
  return make("span", {}, make("bdi.toast-name", {}, name), words);
}
