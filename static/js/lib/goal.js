/** A goal of an overlay: how far this stream is on the way to a number. */

import { Counter } from "./counter.js";
import { part, setText } from "./dom.js";
import { money, number } from "./format.js";
import { SeriesKeeper } from "./series-keeper.js";

const NAMES = {
  messages: "Messages",
  subs: "Subscriptions",
  bits: "Bits",
  coins: "Coins",
  gifts: "Gifts",
  chatters: "Chatters",
  viewers: "Viewers",
  earned: "Earned",
};

export class Goal {
  constructor(root, { what, target, label }, options) {
    this.root = root;
    this.what = what;
    this.target = target;
    const write = what === "earned" ? (value) => money(value, { brief: true }) : number;
    this.counter = new Counter(part(root, "now"), write);
    setText(part(root, "label"), label || NAMES[what]);
    setText(part(root, "target"), `/ ${write(target)}`);
    // Only the minutes of the stream tell how many messages it had: the server's total counts all streams.
    if (what === "messages")
      this.keeper = new SeriesKeeper({ ...options, changed: () => this.#draw(this.#messages()) });
  }

  show(stats) {
    if (this.what === "messages") this.#countMessages(stats);
    else this.#draw(valueOf(this.what, stats));
  }

  #countMessages(stats) {
    if (stats.stream?.id !== this.streamId) {
      this.streamId = stats.stream?.id;
      this.keeper.want(Math.ceil((stats.stream?.duration_seconds ?? 0) / 60) + 1, { growing: true });
    }
    this.keeper.take(stats);
    this.#draw(stats.stream ? this.#messages() : 0);
  }

  #messages() {
    return (this.keeper.series?.counts ?? []).reduce((sum, count) => sum + count, 0);
  }

  #draw(value) {
    const known = value ?? 0;
    this.counter.show(Math.round(known));
    part(this.root, "bar").style.transform = `scaleX(${Math.min(1, known / this.target).toFixed(4)})`;
    this.root.classList.toggle("reached", known >= this.target);
  }
}

function valueOf(what, stats) {
  return {
    subs: stats.subs,
    bits: stats.bits,
    coins: stats.gifts.coins,
    gifts: stats.gifts.count,
    chatters: stats.active_chatters,
    viewers: stats.viewers,
    earned: stats.earned.amount,
  }[what];
}
