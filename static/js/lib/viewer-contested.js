/** What somebody else has changed while the same field is being written here: nobody's words are lost without a word. */

import { make } from "./dom.js";
import { fieldName, fieldValue } from "./viewer-edits.js";

export const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

export class Contested {
  /** `take(name, value)` puts a value into a field of the form. */
  constructor(place, { take }) {
    Object.assign(this, { place, take });
    this.fields = new Map(); // name → {base: what both began with, theirs}
  }

  /** `mine`: the fields changed here; `before`: what was known of the person; `now`: what is. Answers whether any is new. */
  compare(mine, before, now) {
    let isNew = false;
    for (const name of Object.keys(now)) {
      const known = this.fields.get(name);
      const changed = name in before && !same(before[name], now[name]);
      if (!(name in mine) || same(mine[name], now[name])) this.fields.delete(name);
      else if (changed || known)
        this.fields.set(name, { base: known?.base ?? before[name], theirs: now[name], mine: mine[name] });
      isNew ||= changed && this.fields.has(name);
    }
    this.#draw();
    return isNew;
  }

  clear() {
    this.fields.clear();
    this.#draw();
  }

  #draw() {
    this.place.hidden = !this.fields.size;
    this.place.replaceChildren(...[...this.fields].map(([name, field]) => this.#line(name, field)));
  }

  #line(name, { base, theirs, mine }) {
    const both = BOTH[name]?.(base, theirs, mine);
    return make(
      "p",
      {},
      `Somebody else has just ${theirs?.length ? "changed" : "cleared"} ${fieldName(name)}`,
      ...(theirs?.length ? [" to ", fieldValue(name, theirs)] : []),
      ". Saving puts yours in its place. ",
      this.#button("Take theirs", name, theirs),
      ...(both ? [" ", this.#button("Keep both", name, both)] : []),
    );
  }

  #button(words, name, value) {
    const button = make("button.button.small", { type: "button" }, words);
    button.addEventListener("click", () => {
      this.fields.delete(name);
      this.#draw();
      this.take(name, value);
    });
    return button;
  }
}

/** Both in one, where that is plain: what was written after the words that both began with, and tags of either. */
const BOTH = {
  notes: (base, theirs, mine) => mine.startsWith(base) && [theirs, mine.slice(base.length).trimStart()].join("\n"),
  tags: (base, theirs, mine) => [...theirs, ...mine.filter((tag) => !theirs.includes(tag) && !base.includes(tag))],
};
