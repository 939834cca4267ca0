/** The six figures of the live page: each with what it is to be compared with. */

import { change } from "./change.js";
import { everySecond, serverNow } from "./clock.js";
import { Counter } from "./counter.js";
import { byId, make, part, setText } from "./dom.js";
import { brief, compact, duration, minorDigits, money, moneyFigure, percent, plural } from "./format.js";
import { isHeard } from "./live-words.js";

const UNKNOWN_VIEWERS = "Twitch chat does not say how many are watching; TikTok LIVE does.";

export class Kpis {
  constructor() {
    this.cards = Object.fromEntries(
      ["rate", "chatters", "viewers", "gifts", "earned", "uptime"].map((name) => [name, byId(`kpi-${name}`)]),
    );
    this.counters = {
      rate: this.#counter("rate", compact),
      chatters: this.#counter("chatters", compact),
      viewers: this.#counter("viewers", compact),
      gifts: this.#counter("gifts", compact),
      earned: this.#counter("earned", (value) => moneyFigure(value, this.currency), { decimals: minorDigits() }),
    };
    everySecond(() => this.#tellUptime());
  }

  show(stats) {
    this.stream = stats.stream;
    this.currency = stats.earned.currency;
    const heard = isHeard(stats);
    this.counters.rate.show(heard ? stats.messages_per_minute : null);
    this.counters.chatters.show(stats.active_chatters);
    this.counters.viewers.show(stats.viewers);
    this.counters.gifts.show(stats.gifts.count);
    this.counters.earned.show(stats.earned.amount);
    this.#note(
      "rate",
      heard
        ? (change(stats.messages_change_percent, "vs usual", "as usual") ?? ["nothing usual yet"])
        : ["nobody listens"],
    );
    this.#note("chatters", [stats.new_chatters ? `${compact(stats.new_chatters)} for the first time` : "nobody new"]);
    this.#note(
      "viewers",
      stats.viewers === null
        ? ["not told by chat"]
        : (change(stats.viewers_change_percent, "in 10 min", "steady for 10 min") ?? ["watching now"]),
    );
    // Beside a Twitch channel their number must not be taken for that of everybody.
    const some = stats.viewers !== null && stats.channels.some(({ platform }) => platform === "twitch");
    setText(this.cards.viewers.querySelector(".kpi-label span"), some ? "TikTok viewers" : "Viewers");
    if (some || stats.viewers === null) part(this.cards.viewers, "note").title = UNKNOWN_VIEWERS;
    this.#note("gifts", [giftsNote(stats.gifts.coins, stats.subs)]);
    this.#note("earned", [earnedNote(stats.earned)]);
    this.#tellUptime();
  }

  #counter(name, format, options) {
    return new Counter(part(this.cards[name], "figure"), format, options);
  }

  #note(name, parts) {
    const note = part(this.cards[name], "note");
    const wanted = make("div", {}, ...parts);
    if (note.textContent !== wanted.textContent || note.childElementCount !== wanted.childElementCount) {
      note.replaceChildren(...wanted.childNodes);
      note.title = note.textContent;
    }
  }

  #tellUptime() {
    if (this.stream === undefined) return;
    const figure = part(this.cards.uptime, "figure");
    if (!this.stream) {
      setText(figure, "–");
      this.#note("uptime", ["not live"]);
      return;
    }
    setText(figure, duration((serverNow() - Date.parse(this.stream.started_at)) / 1000));
    this.#note("uptime", [missedWords(Math.round(10_000 - 100 * this.stream.coverage_percent) / 100)]);
  }
}

/** How much of the stream nobody listened to. */
const missedWords = (percents) =>
  percents ? `${percents < 0.1 ? "under 0.1 %" : percent(percents)} missed` : "nothing missed";

/** The small print under the number of gifts: their coins, and subscriptions where the platform has them. */
export function giftsNote(coins, subs) {
  if (!subs) return plural(coins, "coin");
  return coins ? `${brief(coins)} coins · ${plural(subs, "sub")}` : plural(subs, "sub");
}

/** The largest parts first, as many as there is room for. */
export function earnedNote({ gifts, bits, subs, currency: code }) {
  const parts = Object.entries({ gifts, bits, subs }).toSorted(([, one], [, other]) => other - one);
  return parts
    .slice(0, 2)
    .map(([name, amount]) => `${money(amount, { code, brief: true })} ${name}`)
    .join(" · ");
}
