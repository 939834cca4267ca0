/** A list that is read page by page: the first at once, the rest by "Load more". */

import { empty, icon, make } from "./dom.js";
import { HttpError, onlyServer } from "./http.js";

export class PagedList {
  /**
   * `load(before)` answers {items, next}; `row(item)` an element, or null for what is not shown; `nothing` is [icon, title, words]; `list` the element
   * the rows go into (also what stands in `root`, unless they differ, as with a table); `end(answer)` words that follow the last row, or "".
   */
  constructor({ load, row, nothing, list, root = list, end = () => "" }) {
    Object.assign(this, { load, row, nothing, list, end });
    this.more = make(
      "button.button.small.load-more",
      { type: "button" },
      icon("arrow-down"),
      make("span", {}, "Load more"),
    );
    this.more.addEventListener("click", () => this.next());
    this.note = make("div.paged-note", { role: "status" });
    this.element = make("div.paged", {}, root, this.note, this.more);
    this.root = root;
    this.before = null;
    this.ended = false;
  }

  start() {
    this.root.hidden = true;
    this.more.hidden = true;
    this.note.replaceChildren(...Array.from({ length: 4 }, () => make("span.skeleton.skeleton-line")));
    return this.next();
  }

  async next() {
    if (this.loading || this.ended) return;
    this.loading = true;
    this.more.disabled = true;
    try {
      const answer = await this.load(this.before);
      const { items, next } = answer;
      const first = this.list.childElementCount;
      this.list.append(...items.map(this.row).filter(Boolean));
      this.before = next;
      this.ended = next === null || next === undefined;
      this.more.hidden = this.ended;
      this.root.hidden = !this.list.childElementCount;
      this.note.replaceChildren(...this.#note(answer));
      if (this.ended && first && document.activeElement === document.body) this.list.children[first]?.focus?.();
    } catch (error) {
      onlyServer(error);
      this.#explain(error);
    } finally {
      this.loading = false;
      this.more.disabled = false;
    }
  }

  #note(answer) {
    const words = this.ended ? this.end(answer) : "";
    if (!this.list.childElementCount) return [words ? empty("clock", "Nothing is kept", words) : empty(...this.nothing)];
    return words ? [make("p.paged-end", {}, words)] : [];
  }

  #explain(error) {
    const words = error instanceof HttpError ? error.message : "";
    this.more.hidden = false;
    this.note.replaceChildren(
      this.list.childElementCount
        ? make("p.field-error", {}, `${words} – try again`)
        : empty("circle-alert", "This could not be read", words),
    );
  }
}
