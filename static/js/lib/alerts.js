/** Alerts of an overlay: one at a time; what comes in bursts is told once, together. */

import { icon, make } from "./dom.js";
import { number, plural } from "./format.js";
import { happening, isChat } from "./happenings.js";
import { motionWelcome } from "./frame.js";

const KINDS = ["sub", "resub", "subgift", "raid", "gift", "follow"];
const STAYS_MS = 6000;
const STAYS_IN_A_BURST_MS = 3200;
const BURST = 4;
const MOST_WAITING = 40;
const PAUSE_MS = 350;

export class Alerts {
  constructor(stage) {
    this.stage = stage;
    this.waiting = [];
    this.showing = false;
  }

  /** Items oldest first; those that are no reason for an alert are passed over. */
  add(items) {
    for (const item of items) {
      const cheer = isChat(item) && item.amount > 0 && !item.marks?.includes("shared");
      if (cheer || KINDS.includes(item.kind)) this.#wait(cheer ? "cheer" : item.kind, item);
    }
    if (!this.showing) this.#next();
  }

  #wait(kind, item) {
    const same = this.waiting.find((alert) => alert.kind === kind && together(alert, item));
    if (same) join(same, item);
    else if (this.waiting.length < MOST_WAITING)
      this.waiting.push({ kind, item: { ...item }, amount: amountOf(item), people: new Set([item.login]), times: 1 });
  }

  #next() {
    const alert = this.waiting.shift();
    this.showing = Boolean(alert);
    if (!alert) return;
    const card = draw(alert);
    this.stage.replaceChildren(card);
    if (motionWelcome())
      card.animate(
        [
          { opacity: 0, transform: "translateY(-14px) scale(0.96)" },
          { opacity: 1, transform: "none" },
        ],
        { duration: 380, easing: "cubic-bezier(0.2, 0.9, 0.2, 1.1)" },
      );
    setTimeout(() => this.#leave(card), this.waiting.length >= BURST ? STAYS_IN_A_BURST_MS : STAYS_MS);
  }

  async #leave(card) {
    if (motionWelcome())
      await card
        .animate([{ opacity: 1 }, { opacity: 0 }], { duration: 260, fill: "forwards" })
        .finished.catch(() => null);
    card.remove();
    setTimeout(() => this.#next(), PAUSE_MS);
  }
}

function amountOf(item) {
  return item.kind === "subgift" ? item.amount || 1 : item.amount;
}

/** Gifts, gifted subscriptions and bits of one person add up; follows and subscriptions are told as a crowd. */
function together(alert, item) {
  if (["gift", "subgift"].includes(alert.kind) || alert.kind === "cheer")
    return alert.item.login === item.login && alert.item.platform === item.platform;
  return ["follow", "sub", "resub"].includes(alert.kind);
}

function join(alert, item) {
  alert.times += 1;
  alert.amount += amountOf(item);
  alert.people.add(item.login);
  if (alert.kind === "gift" && alert.item.extra?.name !== item.extra?.name) alert.item.extra = { name: "gifts" };
}

function draw(alert) {
  const look = alert.kind === "cheer" ? { icon: "gem", colour: "gift" } : happening(alert.item);
  const card = make(
    "div.alert",
    {},
    make("span.alert-icon", {}, icon(look.icon)),
    make(
      "div.alert-body",
      {},
      make("p.alert-title", {}, make("bdi.alert-name", {}, nameOf(alert)), ` ${words(alert)}`),
    ),
  );
  if (look.colour) card.classList.add(look.colour);
  const said = alert.times === 1 && alert.item.text;
  if (said) card.querySelector(".alert-body").append(make("p.alert-text", {}, make("bdi", {}, said)));
  return card;
}

function nameOf({ item }) {
  return item.user || item.login;
}

function words(alert) {
  const others = alert.people.size - 1;
  const crowd = others > 0 ? `and ${plural(others, "other")} ` : "";
  switch (alert.kind) {
    case "cheer":
      return `cheers ${plural(alert.amount, "bit")}`;
    case "subgift":
      return alert.times > 1 ? `gifted ${plural(alert.amount, "subscription")}` : happening(alert.item).words;
    case "gift":
      return alert.times > 1 ? giftWords(alert) : happening(alert.item).words;
    case "follow":
      return crowd ? `${crowd}follow` : "follows";
    case "sub":
    case "resub":
      return crowd ? `${crowd}subscribed` : happening(alert.item).words;
    default:
      return happening(alert.item).words;
  }
}

function giftWords({ item, times, amount }) {
  const name =
    item.extra?.name === "gifts" ? plural(times, "gift") : `${item.extra?.name || "a gift"} ×${number(times)}`;
  return `sent ${name} · ${plural(amount, "coin")}`;
}
