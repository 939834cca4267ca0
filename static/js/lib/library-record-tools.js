/** What the table of records is worked with: kind, search, filters, order, pages, and headings that sort. */

import { byId, make, part, setText } from "./dom.js";
import { inputFor } from "./library-inputs.js";
import { KINDS } from "./library-kinds.js";
import { record } from "./library-api.js";
import { offered } from "./library-choices.js";
import { SIZES } from "./library-record-view.js";
import { markSorted, showOrder, sortHead } from "./sorting.js";

const TYPING_MS = 250;

export class RecordTools {
  /** `change(changes, {replace})` is called with what of the view shall be otherwise. */
  constructor(change) {
    this.change = change;
    this.search = byId("records-search");
    byId("records-kinds").addEventListener("change", ({ target }) => change({ kind: target.value }));
    byId("records-tools").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#search();
    });
    this.search.addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.#search(), this.search.value ? TYPING_MS : 0);
    });
    const sort = byId("records-sort");
    sort.addEventListener("change", () => this.#sortBy(sort.value));
    byId("records-order").addEventListener("click", () => change({ descending: !this.view.descending }));
    this.more = byId("records-more");
    this.more.addEventListener("click", () =>
      this.more.setAttribute("aria-expanded", String(this.more.getAttribute("aria-expanded") !== "true")),
    );
    this.#wirePager();
  }

  #wirePager() {
    const size = byId("page-size");
    size.replaceChildren(...SIZES.map((count) => make("option", { value: count }, String(count))));
    size.addEventListener("change", () => this.change({ limit: Number(size.value) }));
    for (const [name, step] of [
      ["previous", -1],
      ["next", 1],
    ])
      part(byId("pager"), name).addEventListener("click", () => {
        this.change({ page: this.view.page + step });
        byId("records-title").scrollIntoView({ block: "nearest" });
      });
  }

  #search() {
    clearTimeout(this.typing);
    const search = this.search.value.trim();
    if (search !== this.view.search) this.change({ search }, { replace: true });
  }

  #sortBy(sort) {
    const descending = sort === this.view.sort ? !this.view.descending : KINDS[this.view.kind].sorts[sort][1];
    this.change({ sort, descending });
  }

  /** Shows what the view is, wherever that came from. */
  show(view) {
    const { kind, search, sort, descending, limit } = view;
    if (kind !== this.view?.kind) this.#setKind(kind);
    this.view = view;
    if (this.search.value.trim() !== search) this.search.value = search;
    byId("records-sort").value = sort;
    byId("page-size").value = limit;
    showOrder(byId("records-order"), descending);
    markSorted(this.heads, sort, descending);
    const set = Object.values(view.filters).filter(Boolean).length;
    this.more.hidden = !KINDS[kind].filters.length;
    setText(this.more.querySelector("span"), set ? `Filters (${set})` : "Filters");
    this.#showFilters();
  }

  #setKind(kind) {
    const { many, searched, sorts, columns, about } = KINDS[kind];
    byId("records-kinds").querySelector(`[value="${kind}"]`).checked = true;
    setText(byId("records-title"), many.charAt(0).toUpperCase() + many.slice(1));
    setText(byId("records-about"), about);
    this.search.parentElement.hidden = !searched;
    this.search.placeholder = searched ?? "";
    byId("records-sort").replaceChildren(
      ...Object.entries(sorts).map(([value, [words]]) => make("option", { value }, words)),
    );
    this.heads = columns.map(({ field, words, number }) =>
      field in sorts
        ? sortHead(field, words, number ? "number" : null, () => this.#sortBy(field))
        : make(number ? "th.number" : "th", { scope: "col", "data-field": field }, words),
    );
    this.filtersOf = null;
  }

  /** The inputs are made once for a kind; what is chosen in them follows the view. */
  async #showFilters() {
    const { kind } = this.view;
    const lists = await offered().catch(() => ({}));
    if (kind !== this.view.kind) return;
    if (this.filtersOf !== kind || this.lists !== lists) this.#makeFilters(lists);
    for (const input of this.filters) {
      const wanted = this.view.filters[input.field.name];
      if ((input.value ?? "") === wanted) continue;
      if (input.field.type === "record" && wanted) this.#nameOf(input, wanted);
      else input.put(this.view.filters);
    }
  }

  #makeFilters(lists) {
    this.filtersOf = this.view.kind;
    this.lists = lists;
    this.filters = KINDS[this.view.kind].filters.map((filter) => {
      const changed = () => this.change({ filters: { ...this.view.filters, [filter.name]: input.value ?? "" } });
      const input = inputFor(filter, `filter-${filter.name}`, { lists, changed });
      if (filter.type !== "record") input.control.addEventListener("change", changed);
      return input;
    });
    byId("records-filters").replaceChildren(
      ...this.filters.map(({ field, id, element }) =>
        make("div.filter", {}, make("label", { for: id }, field.words), element),
      ),
    );
  }

  /** An address knows the record by its number only. */
  async #nameOf(input, id) {
    const { kind } = input.field;
    input.picker.set({ id }, `${KINDS[kind].one} ${id}`);
    const found = await record(kind, id).catch(() => null);
    if (found && input.value === id) input.picker.set(found);
  }
}
