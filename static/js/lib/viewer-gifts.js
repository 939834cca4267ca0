/** Tells of gifts from VIPs while the page is open: the first of a streak, and of one person not all the time. */

import { onlyServer } from "./http.js";
import { continuesStreak } from "./streaks.js";
import { vips } from "./viewer-api.js";
import { tellGift } from "./viewer-news.js";

const QUIET_MS = 20_000; // after a gift of the same person
const BETWEEN_MS = 5_000; // after a gift of anybody, unless this one is great
const GREAT_COINS = 100;

export class VipGifts {
  #tiers = new Map(); // platform:login → tier
  #told = new Map(); // platform:login → {at, item}
  #lastAt = 0;

  async load() {
    try {
      this.#tiers = new Map((await vips()).map((one) => [key(one.platform, one.username), one.vip_tier]));
    } catch (error) {
      onlyServer(error); // whose gifts are told of is known by the next news or connection
    }
  }

  /** News of a person: their tier may have changed. */
  learn({ platform, username, vip_tier: tier }) {
    if (tier) this.#tiers.set(key(platform, username), tier);
    else this.#tiers.delete(key(platform, username));
  }

  take(items) {
    for (const item of items) {
      const who = key(item.platform, item.login);
      if (item.kind === "gift" && this.#tiers.has(who)) this.#tell(who, item);
    }
  }

  #tell(who, item) {
    const now = Date.now();
    const last = this.#told.get(who);
    const known = last && (now - last.at < QUIET_MS || continuesStreak(last.item, item));
    const small = now - this.#lastAt < BETWEEN_MS && item.amount < GREAT_COINS;
    this.#told.set(who, { at: known ? last.at : now, item });
    if (known || small) return;
    this.#lastAt = now;
    tellGift(item, this.#tiers.get(who));
  }
}

const key = (platform, login) => `${platform}:${login.toLowerCase()}`;
