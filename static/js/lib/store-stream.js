/** Events as they come, newest on top: paused, filtered, and standing still while somebody reads. */

import { badge, byId, empty, icon, make, part, setText, unseen } from "./dom.js";
import { number, plural } from "./format.js";
import { oncePerFrame } from "./frame.js";
import { onlyServer } from "./http.js";
import { events as askEvents } from "./store-api.js";
import { amountOf, moment, saidOf, stepIcon, stepWords, timeOf } from "./store-words.js";

const MOST_KEPT = 500;
const PAGE = 60;
const MOST_DETAIL = 4000;

export class EventStream {
  /** `openPerson(userId)` shows what somebody did; `began()` is called when the first event is here. */
  constructor({ openPerson, began }) {
    Object.assign(this, { openPerson, began });
    this.list = byId("stream");
    this.scroll = byId("stream-scroll");
    this.more = byId("stream-more");
    this.older = byId("stream-older");
    this.pauseButton = byId("stream-pause");
    this.events = []; // newest first
    this.known = new Set();
    this.waiting = [];
    this.rows = new Map();
    this.shown = PAGE;
    this.paused = false;
    this.hovered = false;
    this.filter = { type: "", bots: true };
    this.draw = oncePerFrame(() => this.#draw());
    this.#listen();
  }

  /** Events in any order; those already here are passed over. Answers how many were not. */
  add(events) {
    const fresh = events.filter(({ id }) => !this.known.has(id));
    for (const { id } of fresh) this.known.add(id);
    this.waiting.push(...fresh);
    this.waiting = this.waiting.slice(-MOST_KEPT);
    if (this.known.size > 4 * MOST_KEPT) this.#forgetOldIds();
    this.read = true;
    this.draw();
    return fresh.length;
  }

  /** The newest there are: where they end before ours, ours were deleted. */
  renew(events) {
    const newest = (of) => Math.max(0, ...of.map(({ id }) => id));
    if (newest(events) < newest([...this.events.slice(0, 1), ...this.waiting])) this.clear();
    this.add(events);
  }

  /** All was deleted. */
  clear() {
    Object.assign(this, { events: [], waiting: [], shown: PAGE, ended: false });
    this.known.clear();
    this.draw();
  }

  setTotal(total) {
    this.total = total;
    setText(byId("stream-total"), total ? `${number(total)} in all` : "");
    this.draw();
  }

  get isEmpty() {
    return !this.events.length && !this.waiting.length;
  }

  #listen() {
    this.pauseButton.addEventListener("click", () => this.#pause(!this.paused));
    byId("stream-types").addEventListener("change", (event) => this.#refilter({ type: event.target.value }));
    byId("stream-bots").addEventListener("change", (event) => this.#refilter({ bots: event.target.checked }));
    this.scroll.addEventListener("pointerenter", (event) => this.#hover(event.pointerType === "mouse"));
    this.scroll.addEventListener("pointerleave", () => this.#hover(false));
    this.scroll.addEventListener("scroll", () => this.waiting.length && this.draw(), { passive: true });
    this.scroll.addEventListener("focusout", () => this.waiting.length && this.draw());
    this.more.addEventListener("click", () => this.#catchUp());
    this.older.addEventListener("click", () => this.#showOlder());
  }

  #hover(inside) {
    this.hovered = inside;
    if (!inside && this.waiting.length) this.draw();
  }

  #pause(paused) {
    this.paused = paused;
    this.pauseButton.setAttribute("aria-pressed", String(paused));
    this.pauseButton.replaceChildren(icon(paused ? "play" : "pause"), make("span", {}, paused ? "Go on" : "Pause"));
    this.draw();
  }

  #refilter(change) {
    Object.assign(this.filter, change);
    this.shown = PAGE;
    this.scroll.scrollTop = 0;
    this.draw();
  }

  #catchUp() {
    this.#pause(false);
    this.hovered = false;
    this.scroll.scrollTop = 0;
    this.#take();
    this.scroll.focus({ preventScroll: true });
    this.draw();
  }

  /** Whether news wait: somebody pauses, points at a row, reads further down, or has opened one. */
  get #holds() {
    return (
      this.paused || this.hovered || this.scroll.scrollTop > 4 || this.list.contains(document.activeElement)
    );
  }

  #fits = (event) =>
    (!this.filter.type || event.event_type === this.filter.type) && (this.filter.bots || !event.is_bot);

  #take() {
    if (!this.waiting.length) return;
    const wasEmpty = !this.events.length;
    this.events = [...this.events, ...this.waiting.splice(0)].sort((one, other) => other.id - one.id);
    if (this.events.length > MOST_KEPT) {
      this.events.length = MOST_KEPT;
      this.ended = false; // what was cut off can be asked for no more here, but the rest of it exists
    }
    if (wasEmpty) this.began();
  }

  #draw() {
    if (!this.#holds || !this.events.length) this.#take();
    const fitting = this.events.filter(this.#fits);
    this.#reconcile(fitting.slice(0, this.shown));
    const waits = this.waiting.filter(this.#fits).length;
    this.more.hidden = !waits;
    if (waits) setText(part(this.more, "text"), plural(waits, "new event", "new events"));
    const isFull = this.events.length >= MOST_KEPT && fitting.length <= this.shown;
    // The total is without bots: with some of them among these there may be more, whatever it is.
    const hasAll = this.ended || (this.events.length >= this.total && !this.events.some(({ is_bot: is }) => is));
    this.older.hidden = !this.events.length || isFull || (hasAll && fitting.length <= this.shown);
  }

  #reconcile(shown) {
    this.list.querySelector(".empty")?.parentElement.remove();
    const wanted = new Map(shown.map((event) => [event.id, this.rows.get(event.id) ?? this.#row(event)]));
    for (const [id, row] of this.rows) if (!wanted.has(id)) row.remove();
    let before = this.list.firstElementChild;
    for (const row of wanted.values()) {
      if (row === before) before = before.nextElementSibling;
      else this.list.insertBefore(row, before);
    }
    this.rows = wanted;
    if (!shown.length && this.read) this.list.append(make("li", {}, this.#nothing()));
  }

  #nothing() {
    const { length } = this.events;
    return length
      ? empty("search", "None of these yet", `Of the newest ${number(length)} events none is of this kind.`)
      : empty("radio", "Waiting for the first event", "It appears here the moment it is stored.");
  }

  async #showOlder() {
    const fitting = this.events.filter(this.#fits).length;
    this.shown += PAGE;
    if (fitting < this.shown && !this.ended) await this.#askOlder();
    this.draw();
  }

  async #askOlder() {
    this.older.disabled = true;
    try {
      const { events } = await askEvents({ limit: 200, before: this.events.at(-1).id });
      const fresh = events.filter(({ id }) => !this.known.has(id));
      for (const { id } of fresh) this.known.add(id);
      this.events = [...this.events, ...fresh].sort((one, other) => other.id - one.id).slice(0, MOST_KEPT);
      this.ended = events.length < 200;
    } catch (error) {
      onlyServer(error); // the button is still there
    } finally {
      this.older.disabled = false;
    }
  }

  #forgetOldIds() {
    this.known = new Set([...this.events, ...this.waiting].map(({ id }) => id));
  }

  #row(event) {
    const amount = amountOf(event);
    const summary = make(
      "summary.event-line",
      {},
      make("span.step-mark", {}, icon(stepIcon(event.event_type))),
      make("span.event-type", {}, stepWords(event.event_type)),
      make("bdi.name", { title: event.user_id ?? false }, event.user_id ?? "somebody"),
      make("bdi.said", {}, saidOf(event.data)),
      make(
        "span.event-tags",
        {},
        amount && make(event.event_type === "purchase" ? "span.money" : "span.price", {}, amount),
        event.is_bot && make("span.tag", { title: "Shown, but counted nowhere" }, icon("bot"), "Bot"),
        event.is_simulated && badge("sparkles", "Simulated"),
      ),
      timeOf(event.timestamp),
    );
    const details = make("details.event", {}, summary);
    const fill = () => details.append(this.#detail(event));
    details.addEventListener("toggle", fill, { once: true });
    return make(
      `li.step-${event.event_type}${event.is_bot ? ".is-bot" : ""}`,
      { "data-id": event.id, "data-type": event.event_type },
      details,
    );
  }

  #detail(event) {
    const text = JSON.stringify(event.data ?? {}, null, 2);
    const shortened = text.length > MOST_DETAIL ? `${text.slice(0, MOST_DETAIL)}\n…` : text;
    return make(
      "div.event-detail",
      {},
      make("p.panel-note", {}, `${moment(event.timestamp)} · `, make("bdi", {}, event.event_id)),
      make("pre", { dir: "auto", tabindex: "0" }, shortened),
      event.user_id && this.#journeyButton(event.user_id),
    );
  }

  #journeyButton(userId) {
    const words = ["Journey", unseen(` of ${userId}`)];
    const button = make("button.button.small", { type: "button" }, icon("history"), ...words);
    button.addEventListener("click", () => this.openPerson(userId));
    return button;
  }
}
