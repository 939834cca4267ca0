/** Sales as they come, newest on top; a streak of gifts is one line that grows. */

import { serverNow, everySecond } from "./clock.js";
import { byId, empty, icon, make, setText } from "./dom.js";
import { ago, clock, day } from "./format.js";
import { motionWelcome, oncePerFrame } from "./frame.js";
import { about, exactAmount, sourceIcon, sourceName } from "./revenue-words.js";

const MOST = 30;
const STREAK_MS = 30_000; // so long a pause still is one streak
const COME = [{ opacity: 0, transform: "translateY(-14px)" }, { opacity: 1, transform: "none" }];
const PACE = { duration: 320, easing: "cubic-bezier(0.2, 0.7, 0.2, 1)" };

export class RevenueTicker {
  constructor() {
    this.list = byId("sales");
    this.lines = []; // newest first
    this.known = 0; // the highest number seen
    this.rows = new Map();
    this.draw = oncePerFrame(() => this.#draw());
    everySecond(() => this.#tellTime());
  }

  /** All there is, newest first, as the server has gathered it. */
  renew(lines) {
    if (lines.length && lines[0].id < this.known) return; // older than what was pushed meanwhile
    this.lines = lines.map((line) => ({ ...line }));
    this.known = lines[0]?.id ?? 0;
    this.draw();
  }

  /** An entry that was booked just now. */
  add(entry) {
    if (entry.id <= this.known) return;
    this.known = entry.id;
    const top = this.lines[0];
    if (top && belongsTo(top, entry)) grow(top, entry);
    else this.lines.unshift({ ...entry });
    this.lines.length = Math.min(this.lines.length, MOST);
    this.draw();
  }

  #draw() {
    const first = !this.rows.size;
    const wanted = new Map(this.lines.map((line) => [line.first_id, this.#row(line)]));
    for (const [id, row] of this.rows) if (!wanted.has(id)) row.remove();
    const fresh = [...wanted].filter(([id]) => !this.rows.has(id)).map(([, row]) => row);
    this.rows = wanted;
    if (!wanted.size) {
      this.list.replaceChildren(make("li", {}, empty("coins", null, "The next sale, gift or sub will stand here.")));
      return;
    }
    this.list.querySelector(".empty")?.parentElement.remove();
    for (const [at, row] of [...wanted.values()].entries())
      if (this.list.children[at] !== row) this.list.insertBefore(row, this.list.children[at] ?? null);
    if (!first && motionWelcome()) for (const row of fresh) row.animate(COME, PACE);
  }

  #row(line) {
    const row = this.rows.get(line.first_id) ?? make("li.row.sale");
    const signature = `${line.amount}/${line.quantity}`;
    if (row.signature === signature) return row;
    row.signature = signature;
    row.at = Date.parse(line.at);
    row.time = make("time.when", { datetime: line.at, title: `${day(line.at)}, ${clock(line.at)}` }, this.#since(row.at));
    row.dataset.kind = line.kind;
    const words = make(
      "span.row-body",
      {},
      make("span.line", {}, make("bdi.name", {}, about(line))),
      make("span.said", {}, line.user && make("bdi", {}, line.user), line.user && " · ", sourceName(line.source)),
    );
    row.replaceChildren(
      make("span.sale-mark", { "aria-hidden": "true" }, icon(sourceIcon(line.source))),
      words,
      make("span.sale-amount", {}, exactAmount(line.amount, line.currency)),
      row.time,
    );
    return row;
  }

  #since(at) {
    const seconds = Math.max(0, (serverNow() - at) / 1000);
    if (seconds < 86_400) return ago(seconds);
    return day(at).replace(/^\w+,? /, ""); // whether a comma follows the weekday is the browser's affair
  }

  #tellTime() {
    for (const row of this.rows.values()) setText(row.time, this.#since(row.at));
  }
}

function belongsTo(line, entry) {
  return (
    entry.source === "gifts" &&
    entry.kind === "earned" &&
    ["source", "kind", "label", "user", "currency"].every((name) => line[name] === entry[name]) &&
    Math.abs(Date.parse(entry.at) - Date.parse(line.at)) < STREAK_MS
  );
}

function grow(line, entry) {
  line.quantity += entry.quantity;
  line.amount = Math.round((line.amount + entry.amount) * 1e6) / 1e6;
  line.id = entry.id;
  line.at = entry.at;
}
