/** The running chat: newest at the bottom, at most 200 lines, standing still while somebody reads. */

import { chatLine } from "./chat-line.js";
import { serverNow } from "./clock.js";
import { empty, learnIcons, make, part, setText } from "./dom.js";
import { day, plural } from "./format.js";
import { calmly } from "./frame.js";
import { continuesStreak } from "./streaks.js";

const MOST_LINES = 200;
const AT_BOTTOM_PX = 24;
const DRAW_EVERY_MS = 200;
const NEAR_LINES = 60; // more than are in sight at once: those before them need not be drawn while nobody scrolls up

export class Feed {
  constructor(list, more) {
    this.list = list;
    this.more = more;
    this.waiting = [];
    this.known = new Set();
    this.hovered = false;
    this.scrolledUp = false;
    this.draw = calmly(() => this.#draw(), DRAW_EVERY_MS);
    list.addEventListener("pointerenter", (event) => this.#hover(event.pointerType === "mouse"));
    list.addEventListener("pointerleave", () => this.#hover(false));
    list.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    more.addEventListener("click", () => this.resume());
    addEventListener("load", learnIcons);
  }

  /** Items oldest first; those already here are passed over. */
  add(items) {
    for (const item of items) {
      if (this.known.has(item.id)) continue;
      this.known.add(item.id);
      if (!this.#grow(item)) this.waiting.push(item);
    }
    this.waiting = this.waiting.slice(-MOST_LINES);
    this.#forgetOldIds();
    this.draw();
  }

  replace(items, hint) {
    this.hint = hint;
    this.waiting = [];
    this.known.clear();
    this.list.replaceChildren();
    this.scrolledUp = false;
    this.add(items);
  }

  /** What stands here while there is no chat at all. */
  explain(hint) {
    this.hint = hint;
    this.draw();
  }

  remove(ids) {
    const gone = new Set(ids);
    this.waiting = this.waiting.filter((item) => !gone.has(item.id));
    for (const line of [...this.list.querySelectorAll("[data-id]")]) {
      if (gone.has(Number(line.dataset.id))) line.remove();
    }
    this.#dropEmptyDays();
    this.draw();
  }

  /** A moderator wiped the chat of one channel: what people said goes, what happened stays. */
  clear({ platform, channel }) {
    const wiped = (item) => item.kind === "chat" && item.platform === platform && item.channel === channel;
    this.waiting = this.waiting.filter((item) => !wiped(item));
    for (const line of [...this.list.children]) {
      if (line.item && wiped(line.item)) line.remove();
    }
    this.#dropEmptyDays();
    this.draw();
  }

  resume() {
    this.scrolledUp = false;
    this.hovered = false;
    this.#draw();
  }

  /** A tick of a gift streak goes where the streak stands already; answers whether it did. */
  #grow(item) {
    if (!item.extra?.streak) return false;
    const waits = this.waiting.findLastIndex((earlier) => continuesStreak(earlier, item));
    const line = [...this.list.children].findLast((shown) => shown.item && continuesStreak(shown.item, item));
    if (waits >= 0) this.waiting[waits] = item;
    else line?.replaceWith(lineOf(item));
    return waits >= 0 || Boolean(line);
  }

  get paused() {
    return this.hovered || this.scrolledUp;
  }

  #hover(inside) {
    this.hovered = inside;
    if (!inside) this.draw();
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.list;
    this.scrolledUp = scrollHeight - scrollTop - clientHeight > AT_BOTTOM_PX;
    if (!this.paused && this.waiting.length) this.draw();
  }

  #draw() {
    if (!this.paused && this.waiting.length) this.#append(this.waiting.splice(0));
    const count = this.waiting.length;
    this.more.hidden = count === 0;
    if (count)
      setText(part(this.more, "text"), count >= MOST_LINES ? `${MOST_LINES}+ new` : plural(count, "new", "new"));
    this.#drawHint();
  }

  #append(items) {
    const lines = this.#withDays(items);
    this.list.querySelector(".empty")?.remove();
    this.list.append(...lines);
    while (this.list.children.length > MOST_LINES) this.list.firstElementChild.remove();
    this.#leaveBehind(lines.length);
    this.list.scrollTop = this.list.scrollHeight;
  }

  /** The lines of `items`, and where a day begins its date: who streams now and then has last week's chat here. */
  #withDays(items) {
    let before = [...this.list.children].findLast((line) => line.item)?.item.at;
    return items.flatMap((item) => {
      const begins = before ? dayOf(before) !== dayOf(item.at) : day(item.at) !== day(serverNow());
      before = item.at;
      return begins ? [make("li.chat-day", {}, day(item.at)), lineOf(item)] : [lineOf(item)];
    });
  }

  /** A date without a line under it says nothing. */
  #dropEmptyDays() {
    for (const date of [...this.list.querySelectorAll(".chat-day")].toReversed())
      if (!date.nextElementSibling?.item) date.remove();
  }

  /** Marks the lines that `come` new ones have pushed out of reach. */
  #leaveBehind(come) {
    const shown = this.list.children;
    const end = shown.length - NEAR_LINES;
    for (let index = Math.max(0, end - come); index < end; index += 1) shown[index].classList.add("past");
  }

  #drawHint() {
    const hint = this.list.querySelector(".empty");
    if (this.list.querySelector("[data-id]") || !this.hint) return hint?.remove();
    const wanted = empty("message-circle", ...this.hint);
    if (hint?.textContent !== wanted.textContent) this.list.replaceChildren(wanted);
    return undefined;
  }

  #forgetOldIds() {
    if (this.known.size > 4 * MOST_LINES) this.known = new Set([...this.known].slice(-2 * MOST_LINES));
  }
}

/** Moments are told in the zone of the server: their first letters are its day. */
const dayOf = (at) => at.slice(0, 10);

function lineOf(item) {
  return Object.assign(chatLine(item), { item });
}
