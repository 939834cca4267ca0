/** The last few active people; whoever acts moves to the top, and the eye can follow. */

import { roleBadges, platformBadge } from "./chat-line.js";
import { serverNow, everySecond } from "./clock.js";
import { empty, make, setText } from "./dom.js";
import { ago } from "./format.js";
import { motionWelcome, oncePerFrame } from "./frame.js";
import { summary } from "./happenings.js";
import { avatar } from "./person.js";

const CALM_MS = 1600; // faster changes than this cannot be read
const MOST_NEW = 2; // of more at once none is followed by the eye: they stand there without a movement
const MOVE = { duration: 320, easing: "cubic-bezier(0.2, 0.7, 0.2, 1)" };

export class Ticker {
  constructor(list, { most = 5, hint = "Whoever writes next will stand here." } = {}) {
    this.list = list;
    this.most = most;
    this.hint = hint;
    this.people = null;
    this.rows = new Map();
    this.drawnAt = 0;
    this.draw = oncePerFrame(() => this.#draw());
    everySecond(() => this.#tellTime());
  }

  /** People newest first. */
  show(people) {
    this.people = people.slice(0, this.most);
    clearTimeout(this.timer);
    const wait = this.drawnAt + CALM_MS - performance.now();
    if (wait > 0) this.timer = setTimeout(this.draw, wait);
    else this.draw();
  }

  /** Takes the words of removed messages off; the server sends the right list soon after. */
  forget(removed) {
    if (!this.people) return;
    const gone = new Set(removed.map((item) => `${keyOf(item)}\n${item.text}`));
    this.people = this.people.filter((person) => !gone.has(`${keyOf(person)}\n${person.text}`));
    this.draw();
  }

  #draw() {
    this.drawnAt = performance.now();
    const before = positions(this.list);
    const wanted = this.people.map((person) => this.#row(person));
    const leaving = [...this.list.children].filter((row) => !wanted.includes(row));
    const order = wanted.length || !this.hint ? wanted : [make("li", {}, empty("users-round", null, this.hint))];
    for (const row of leaving) row.remove();
    for (const [index, row] of order.entries()) {
      if (this.list.children[index] !== row) this.list.insertBefore(row, this.list.children[index] ?? null);
    }
    this.rows = new Map(this.people.map((person, index) => [keyOf(person), wanted[index]]));
    const come = wanted.filter((row) => !before.has(row)).length;
    if (motionWelcome() && before.size && come <= MOST_NEW) move(wanted, before);
  }

  #row(person) {
    const row = this.rows.get(keyOf(person)) ?? make("li.row");
    const signature = `${person.at}\n${person.text}\n${person.kind}`;
    if (row.signature !== signature) {
      row.signature = signature;
      row.at = Date.parse(person.at);
      row.time = make("time.when", { datetime: person.at }, ago((serverNow() - row.at) / 1000));
      row.replaceChildren(avatar(person), body(person), row.time);
    }
    return row;
  }

  #tellTime() {
    for (const row of this.rows.values()) setText(row.time, ago((serverNow() - row.at) / 1000));
  }
}

function keyOf(person) {
  return `${person.platform}:${person.login || person.user}`;
}

function body(person) {
  const marks = person.marks ?? [];
  const line = make(
    "span.line",
    {},
    make("bdi.name", {}, person.user || person.login),
    platformBadge(person.platform),
    ...roleBadges(marks),
    marks.includes("first") && make("span.tag.attention", {}, "first time"),
  );
  return make("span.row-body", {}, line, make("bdi.said", {}, summary(person)));
}

function positions(list) {
  return new Map([...list.children].filter((row) => row.signature).map((row) => [row, row.offsetTop]));
}

/** FLIP: each row starts where it was and glides to where it is; a new one comes in from above. */
function move(rows, before) {
  for (const row of rows) {
    const from = before.get(row);
    if (from === undefined) {
      row.animate(
        [
          { opacity: 0, transform: "translateY(-18px)" },
          { opacity: 1, transform: "none" },
        ],
        MOVE,
      );
    } else if (from !== row.offsetTop) {
      row.animate([{ transform: `translateY(${from - row.offsetTop}px)` }, { transform: "none" }], MOVE);
    }
  }
}
