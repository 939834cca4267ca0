/** A field that finds a record by a part of its name: a combobox, as keyboards and screen readers know it. */

import { make, setText } from "./dom.js";
import { onlyServer } from "./http.js";
import { listRecords } from "./library-api.js";

const TYPING_MS = 180;
const SHOWN = 8;

/** kind → what is shown of one of its records, and what else tells it from others of the same name. */
const SHOWS = {
  users: ({ name, email }) => [name, email],
  content: ({ title, genre, release_date: date }) => [title, [genre, date?.slice(0, 4)].filter(Boolean).join(", ")],
};

export class RecordPicker {
  /** `changed(record)` is called with what was chosen, and with null when the field was emptied. */
  constructor({ id, kind, changed = () => null, placeholder = "Search" }) {
    Object.assign(this, { kind, changed, chosen: null, at: -1, found: [] });
    this.input = make("input.input", {
      ...{ id, type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", placeholder, maxlength: 256 },
      ...{ "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": `${id}-list`, dir: "auto" },
    });
    this.list = make("ul.picker-list", { id: `${id}-list`, role: "listbox", "aria-label": "Found", hidden: true });
    this.said = make("span.visually-hidden", { role: "status" });
    this.element = make("div.picker", {}, this.input, this.list, this.said);
    this.#wire();
  }

  get value() {
    return this.chosen?.id ?? null;
  }

  /** Shows a record, or with null none, as chosen. */
  set(record, words = record ? SHOWS[this.kind](record)[0] : "") {
    this.chosen = record;
    this.words = words;
    this.input.value = words;
    this.#close();
  }

  #wire() {
    this.input.addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.#search(), TYPING_MS);
    });
    this.input.addEventListener("click", () => this.list.hidden && this.#search());
    this.input.addEventListener("keydown", (event) => this.#press(event));
    this.input.addEventListener("blur", () => this.#leave());
    // Before the field loses the focus, which would close the list under the pointer.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const at = [...this.list.children].indexOf(event.target.closest("[role=option]"));
      if (at >= 0) this.#choose(this.found[at]);
    });
  }

  async #search() {
    const text = this.input.value.trim();
    const search = text === this.words ? "" : text; // who looks at what is chosen wants to see others
    const question = (this.question = {});
    try {
      const { data } = await listRecords(this.kind, { search, limit: SHOWN });
      if (question === this.question && document.activeElement === this.input) this.#offer(data);
    } catch (error) {
      onlyServer(error);
      if (question === this.question) this.#offer([], error.message);
    }
  }

  /** `otherwise` is what is said where there are none. */
  #offer(records, otherwise = "Nothing is called that") {
    this.found = records;
    this.list.replaceChildren(
      ...records.map((record, at) => option(`${this.input.id}-${at}`, ...SHOWS[this.kind](record))),
      ...(records.length ? [] : [make("li.picker-nothing", { role: "presentation" }, otherwise)]),
    );
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    setText(this.said, records.length ? `${records.length} found` : otherwise);
    this.#mark(records.length && this.input.value.trim() ? 0 : -1);
  }

  #press(event) {
    const { key } = event;
    if (key === "ArrowDown" && this.list.hidden) this.#search();
    else if (key === "ArrowDown") this.#mark((this.at + 1) % Math.max(1, this.found.length));
    else if (key === "ArrowUp") this.#mark(this.at > 0 ? this.at - 1 : this.found.length - 1);
    else if (key === "Enter" && !this.list.hidden && this.at >= 0) this.#choose(this.found[this.at]);
    else if (key === "Escape" && !this.list.hidden) this.#close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #mark(at) {
    this.at = at;
    for (const [each, line] of [...this.list.children].entries())
      if (line.role === "option") line.setAttribute("aria-selected", String(each === at));
    const marked = at >= 0 ? this.list.children[at] : null;
    if (marked) this.input.setAttribute("aria-activedescendant", marked.id);
    else this.input.removeAttribute("aria-activedescendant");
    marked?.scrollIntoView({ block: "nearest" });
  }

  #choose(record) {
    this.set(record);
    this.changed(record);
  }

  /** What was written and not chosen is taken back; an emptied field means nobody. */
  #leave() {
    clearTimeout(this.typing);
    this.question = null;
    const emptied = !this.input.value.trim() && this.chosen;
    if (emptied) this.#choose(null);
    else this.set(this.chosen, this.words);
  }

  #close() {
    this.list.hidden = true;
    this.found = [];
    this.#mark(-1);
    this.input.setAttribute("aria-expanded", "false");
    setText(this.said, "");
  }
}

function option(id, words, more) {
  return make(
    "li.picker-option",
    { id, role: "option", "aria-selected": "false" },
    make("bdi.name", {}, words),
    more && make("bdi.picker-more", {}, more),
  );
}
