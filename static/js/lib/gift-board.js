/** The gifts of an overlay: the latest one, which counts up while its streak goes on, and the biggest of the stream. */

import { Counter } from "./counter.js";
import { icon, make, part, setText } from "./dom.js";
import { compact, number, plural } from "./format.js";
import { motionWelcome } from "./frame.js";
import { avatar } from "./person.js";
import { showRanking } from "./ranking.js";

const CALM_MS = 1500; // a streak may tell of itself ten times a second
const REFRESH_MS = 30_000;

export class GiftBoard {
  /**
   * `ask` answers {latest, biggest} or null while there is no answer; `lists` are those of them to be shown, `most` how
   * many of the biggest.
   */
  constructor(root, { lists, most, ask }) {
    this.root = root;
    this.lists = lists;
    this.most = most;
    this.ask = ask;
    this.askedAt = -CALM_MS;
    this.latestId = null;
    for (const name of ["latest", "biggest"]) part(root, name).hidden = !lists.has(name);
    setInterval(() => this.refresh(), REFRESH_MS);
  }

  /** Asks now, or as soon as it is calm. */
  refresh() {
    if (this.timer) return;
    const wait = Math.max(0, this.askedAt + CALM_MS - performance.now());
    this.timer = setTimeout(() => this.#ask(), wait);
  }

  async #ask() {
    this.timer = 0;
    this.askedAt = performance.now();
    const answer = await this.ask();
    if (answer) this.#show(answer);
  }

  #show({ latest, biggest }) {
    this.root.classList.toggle("vacant", !latest.length);
    if (!latest.length) return;
    if (this.lists.has("latest")) this.#showLatest(latest[0]);
    if (this.lists.has("biggest")) this.#showBiggest(biggest.slice(0, this.most));
  }

  #showLatest(gift) {
    if (gift.id !== this.latestId) this.#draw(gift);
    this.latestId = gift.id;
    this.count.show(gift.quantity);
    this.coins.show(gift.coins);
  }

  #draw(gift) {
    const count = make("b.gift-count");
    const coins = make("span.gift-coins");
    this.count = new Counter(count, (value) => (value > 1 ? `×${number(Math.round(value))}` : ""));
    this.coins = new Counter(coins, (value) => (value ? plural(Math.round(value), "coin") : "")); // a sub costs none
    const name = make("bdi.gift-name", {}, gift.name || "a gift");
    const line = make("div.gift-line", {}, icon("gift"), name, count, coins);
    const body = make("div.gift-body", {}, make("bdi.gift-giver", {}, gift.user || gift.login), line);
    const row = make("div.gift-latest", {}, avatar(gift), body);
    part(this.root, "latest").replaceChildren(row);
    if (motionWelcome())
      row.animate([{ opacity: 0, transform: "translateY(-10px)" }, { opacity: 1 }], { duration: 320 });
  }

  #showBiggest(gifts) {
    part(this.root, "biggest").hidden = !gifts.length; // subs alone, which cost no coins
    showRanking(
      part(this.root, "ranks"),
      gifts.map((gift) => ({
        name: `${gift.user || gift.login} · ${gift.name || "a gift"}${times(gift.quantity)}`,
        count: gift.coins,
        key: gift.id,
      })),
    );
  }
}

function times(quantity) {
  return quantity > 1 ? ` ×${compact(quantity)}` : "";
}
