/** What the list is worked with: search, filter, order, size of a page, leafing, and headings that sort. */

import { byId, make, part, setText } from "./dom.js";
import { markSorted, showOrder, sortHead } from "./sorting.js";
import { SIZES, SORTS } from "./viewer-filter.js";
import { COLUMNS } from "./viewer-rows.js";

const TYPING_MS = 220;
const TITLES = { all: "Everybody", vip: "VIPs", active: "Active in 30 days", favorites: "Favourites" };

export class ListTools {
  /** `change(changes, {keepPage, replace})` is called with what of the view shall be otherwise. */
  constructor(change) {
    this.change = change;
    this.#wire();
    this.#makeHead();
  }

  #wire() {
    const search = byId("search");
    byId("tools").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#search(search.value);
    });
    search.addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.#search(search.value), search.value ? TYPING_MS : 0);
    });
    byId("filter").addEventListener("change", (event) => this.change({ filter: event.target.value }));
    const sort = byId("sort");
    sort.replaceChildren(...Object.entries(SORTS).map(([value, [words]]) => make("option", { value }, words)));
    sort.addEventListener("change", () => this.change({ sortBy: sort.value, order: SORTS[sort.value][1] }));
    byId("order").addEventListener("click", () => this.#turn());
    const size = byId("page-size");
    size.replaceChildren(...SIZES.map((count) => make("option", { value: count }, String(count))));
    size.addEventListener("change", () => this.change({ limit: Number(size.value) }));
    const pager = byId("pager");
    part(pager, "previous").addEventListener("click", () => this.#leaf(-1));
    part(pager, "next").addEventListener("click", () => this.#leaf(1));
  }

  #search(text) {
    clearTimeout(this.typing);
    const search = text.trim().replace(/^@/, "").slice(0, 64);
    if (search !== this.view.search) this.change({ search }, { replace: true });
  }

  #turn() {
    this.change({ order: this.view.order === "DESC" ? "ASC" : "DESC" });
  }

  #leaf(step) {
    this.change({ page: this.view.page + step }, { keepPage: true });
    byId("list-title").scrollIntoView({ block: "nearest" });
  }

  #makeHead() {
    const columns = [["username", "Viewer", null, "person-head"], ...COLUMNS];
    this.heads = columns.map(([field, label, , className]) =>
      sortHead(field, label, className, () =>
        this.view.sortBy === field ? this.#turn() : this.change({ sortBy: field, order: SORTS[field][1] }),
      ),
    );
    byId("people-head").replaceChildren(...this.heads);
  }

  /** Shows what the view is, wherever that came from. */
  show(view) {
    this.view = view;
    const { search, filter, sortBy, order, limit } = view;
    const box = byId("search");
    if (box.value.trim().replace(/^@/, "") !== search) box.value = search;
    byId("filter").querySelector(`[value="${filter}"]`).checked = true;
    byId("sort").value = sortBy;
    byId("page-size").value = limit;
    const down = order === "DESC";
    showOrder(byId("order"), down);
    setText(byId("list-title"), TITLES[filter]);
    markSorted(this.heads, sortBy, down);
  }
}
