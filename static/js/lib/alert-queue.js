/** What an overlay has yet to say: equal things joined, the important first, and never more than can be said soon. */

import { isChat } from "./happenings.js";
import { continuesStreak, giftCoins, giftCount } from "./streaks.js";

const MOST_WAITING = 24;
const CROWDED = 6; // from so many on, small gifts of different people are told together
const BIG_GIFT_COINS = 1000;

/** kind of an alert → [what the address of the overlay calls it, how soon it is told]. */
const KINDS = {
  raid: ["raid", 5],
  subgift: ["sub", 4],
  resub: ["sub", 3],
  sub: ["sub", 3],
  promotion: ["promotion", 3],
  birthday: ["birthday", 3],
  gift: ["gift", 2],
  cheer: ["bits", 2],
  follow: ["follow", 1],
};
const OF_A_CROWD = ["follow", "sub", "resub"];
const OF_ONE_PERSON = ["gift", "subgift", "cheer"];
const NEWS = { "vip-promoted": "promotion", "birthday-live": "birthday" };

export const ALERT_NAMES = [...new Set(Object.values(KINDS).map(([name]) => name))];

/** An item of the feed as an alert, or null when it is no reason for one. */
export function alertOf(item) {
  const kind = isChat(item) ? "cheer" : item.kind;
  if (!KINDS[kind] || (isChat(item) && (!item.amount || item.marks?.includes("shared")))) return null;
  return newAlert(kind, item);
}

/** News of a person as an alert, or null. */
export function alertOfNews(news, { username, display_name: user, platform, tier, color }) {
  const kind = NEWS[news];
  return kind ? newAlert(kind, { login: username, user: user || username, platform, extra: { tier, color } }) : null;
}

function newAlert(kind, item) {
  const people = new Map([[personOf(item), item.user || item.login]]);
  const [name, rank] = KINDS[kind];
  const alert = { kind, name, rank, item, people, acts: [item] };
  if (kind === "gift" && giftCoins(item) >= BIG_GIFT_COINS) alert.rank = 4;
  return alert;
}

/** Joins `more` to `alert` when both are one thing to say; `crowded`: small gifts of different people are as well. */
export function joinAlerts(alert, more, { crowded = false } = {}) {
  if (!together(alert, more, crowded)) return false;
  for (const act of more.acts) take(alert, act);
  for (const [key, name] of more.people) alert.people.set(key, name);
  alert.rank = Math.max(alert.rank, more.rank);
  if (alert.kind === "gift" && coinsOf(alert) >= BIG_GIFT_COINS && alert.people.size === 1) alert.rank = 4;
  return true;
}

/** Whether `more` makes what is on the screen grow, instead of being news of its own: the same streak or giver. */
export function growsOnScreen(alert, more) {
  if (alert.people.size > 1 || alert.kind !== more.kind || personOf(alert.item) !== personOf(more.item)) return false;
  if (alert.kind === "gift") return alert.acts.some((act) => continuesStreak(act, more.item));
  return alert.kind === "subgift";
}

function together(alert, more, crowded) {
  if (alert.kind !== more.kind) return false;
  if (OF_A_CROWD.includes(alert.kind)) return true;
  if (!OF_ONE_PERSON.includes(alert.kind)) return false;
  const same = alert.people.size === 1 && more.people.size === 1 && personOf(alert.item) === personOf(more.item);
  return same || (crowded && alert.kind === "gift" && alert.rank <= 2 && more.rank <= 2);
}

/** A later tick of a streak stands for the earlier ones; anything else is added. */
function take(alert, act) {
  const same = alert.acts.findIndex((earlier) => continuesStreak(earlier, act));
  if (same >= 0) alert.acts[same] = act;
  else alert.acts.push(act);
  if (same === 0) alert.item = act;
}

function personOf(item) {
  return `${item.platform}/${item.login}`;
}

export function giftsOf(alert) {
  return alert.acts.reduce((sum, act) => sum + giftCount(act), 0);
}

export function coinsOf(alert) {
  return alert.acts.reduce((sum, act) => sum + giftCoins(act), 0);
}

export function amountOf(alert) {
  return alert.acts.reduce((sum, act) => sum + (act.amount || (alert.kind === "subgift" ? 1 : 0)), 0);
}

/** The waiting alerts, the next to be told first. */
export class AlertQueue {
  #waiting = [];

  get length() {
    return this.#waiting.length;
  }

  add(alert) {
    const crowded = this.#waiting.length >= CROWDED;
    const joined = this.#waiting.find((waiting) => joinAlerts(waiting, alert, { crowded }));
    if (!joined) this.#waiting.push(alert);
    // Stable: of equal importance, who came first is told first.
    this.#waiting.sort((one, other) => other.rank - one.rank);
    this.#waiting.length = Math.min(this.#waiting.length, MOST_WAITING);
  }

  next() {
    return this.#waiting.shift() ?? null;
  }
}
