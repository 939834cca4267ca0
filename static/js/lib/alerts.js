/** Alerts of an overlay: one at a time, each as long as it takes to read; what belongs together is told together. */

import { AlertQueue, amountOf, coinsOf, giftsOf, growsOnScreen, joinAlerts } from "./alert-queue.js";
import { icon, make, part, setText } from "./dom.js";
import { number, plural } from "./format.js";
import { motionWelcome } from "./frame.js";
import { happening } from "./happenings.js";

/** How long an alert stays while so many others wait; never shorter than it takes to read one. */
const STAYS_MS = [
  [10, 2200],
  [4, 3200],
  [0, 6000],
];
const AFTER_GROWTH_MS = 2500;
const PAUSE_MS = 300;
const LOOKS = {
  cheer: { icon: "gem", colour: "gift" },
  promotion: { icon: "crown", colour: "promotion" },
  birthday: { icon: "cake", colour: "birthday" },
};

export class Alerts {
  constructor(stage) {
    this.stage = stage;
    this.queue = new AlertQueue();
    this.shown = null; // {alert, card, since, timer}
    this.busy = false; // an alert is on the screen, or the pause after one
  }

  /** Alerts of `alert-queue.js`, in the order of what happened. */
  add(alerts) {
    for (const alert of alerts) {
      if (this.shown && growsOnScreen(this.shown.alert, alert)) this.#grow(alert);
      else this.queue.add(alert);
    }
    if (!this.busy) this.#next();
    else if (this.shown) this.#schedule(); // the more wait, the sooner this one leaves
  }

  #next() {
    const alert = this.queue.next();
    this.busy = Boolean(alert);
    if (!alert) return;
    const card = draw(alert);
    this.stage.replaceChildren(card);
    this.shown = { alert, card, since: performance.now(), grownAt: 0, timer: 0 };
    appear(card);
    this.#schedule();
  }

  #grow(more) {
    const { alert, card } = this.shown;
    joinAlerts(alert, more);
    fill(card, alert);
    this.shown.grownAt = performance.now();
    if (motionWelcome())
      part(card, "words").animate([{ transform: "scale(1.06)" }, { transform: "none" }], { duration: 180 });
  }

  #schedule() {
    const { since, grownAt } = this.shown;
    const [, stays] = STAYS_MS.find(([waiting]) => this.queue.length >= waiting);
    // What still grows stays for as long as nobody else waits.
    const growing = grownAt && !this.queue.length ? grownAt + AFTER_GROWTH_MS : 0;
    clearTimeout(this.shown.timer);
    this.shown.timer = setTimeout(() => this.#leave(), Math.max(since + stays, growing) - performance.now());
  }

  async #leave() {
    const { card } = this.shown;
    this.shown = null;
    if (motionWelcome())
      await card
        .animate([{ opacity: 1 }, { opacity: 0 }], { duration: 240, fill: "forwards" })
        .finished.catch(() => null);
    card.remove();
    setTimeout(() => this.#next(), PAUSE_MS);
  }
}

function appear(card) {
  if (!motionWelcome()) return;
  card.animate(
    [
      { opacity: 0, transform: "translateY(-14px) scale(0.96)" },
      { opacity: 1, transform: "none" },
    ],
    { duration: 380, easing: "cubic-bezier(0.2, 0.9, 0.2, 1.1)" },
  );
}

function draw(alert) {
  const look = LOOKS[alert.kind] ?? happening(alert.item);
  const name = make("bdi.alert-name", { "data-part": "name" });
  const title = make("p.alert-title", {}, name, " ", make("span.alert-words", { "data-part": "words" }));
  const card = make(
    "div.alert",
    { "data-kind": alert.kind },
    make("span.alert-icon", {}, icon(look.icon)),
    make("div.alert-body", {}, title),
  );
  if (look.colour) card.classList.add(look.colour);
  const { color } = alert.item.extra ?? {};
  if (alert.kind === "promotion" && /^#[0-9a-f]{6}$/i.test(color ?? "")) card.style.setProperty("--event", color);
  const said = alert.acts.length === 1 && alert.item.text;
  if (said) card.querySelector(".alert-body").append(make("p.alert-text", {}, make("bdi", {}, said)));
  fill(card, alert);
  return card;
}

function fill(card, alert) {
  setText(part(card, "name"), alert.item.user || alert.item.login);
  setText(part(card, "words"), words(alert));
}

function words(alert) {
  const others = alert.people.size - 1;
  const crowd = others > 0 ? `and ${plural(others, "other")} ` : "";
  const several = alert.acts.length > 1;
  switch (alert.kind) {
    case "cheer":
      return `cheers ${plural(amountOf(alert), "bit")}`;
    case "subgift":
      return several ? `gifted ${plural(amountOf(alert), "subscription")}` : happening(alert.item).words;
    case "gift":
      if (!several) return happening(alert.item).words;
      return `${crowd}sent ${giftName(alert)} · ${plural(coinsOf(alert), "coin")}`;
    case "follow":
      return crowd ? `${crowd}follow` : "follows";
    case "sub":
    case "resub":
      return crowd ? `${crowd}subscribed` : happening(alert.item).words;
    case "promotion":
      return alert.item.extra.tier ? `is now ${alert.item.extra.tier}` : "is now a VIP";
    case "birthday":
      return "has a birthday today";
    default:
      return happening(alert.item).words;
  }
}

function giftName(alert) {
  const names = new Set(alert.acts.map((act) => act.extra?.name));
  const count = giftsOf(alert);
  const [name] = names;
  return names.size === 1 && name ? `${name} ×${number(count)}` : plural(count, "gift");
}
