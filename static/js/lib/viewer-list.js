/** The table of viewers: searching, filtering, sorting and paging, all by the server and without a reload. */

import { byId, empty, icon, make, setText } from "./dom.js";
import { plural } from "./format.js";
import { onlyServer } from "./http.js";
import { showPlace } from "./pager.js";
import { addressOf, listViewers } from "./viewer-api.js";
import { addressOfView, viewFromAddress } from "./viewer-filter.js";
import { nobody } from "./viewer-nobody.js";
import { fillRow, skeletonRow, viewerRow } from "./viewer-rows.js";
import { ListTools } from "./viewer-tools.js";

export class ViewerList {
  /** open(address) is called for a click on a person, shown(view, viewers) after every answer. */
  constructor({ open, shown }) {
    this.view = viewFromAddress();
    this.shown = shown;
    this.rows = byId("people-rows");
    this.online = new Set();
    this.question = 0;
    this.tools = new ListTools((changes, how) => this.#change(changes, how));
    this.rows.addEventListener("click", (event) => {
      const link = event.target.closest("tr")?.querySelector("a.person-link");
      if (!link || event.metaKey || event.ctrlKey || event.shiftKey || getSelection()?.toString()) return;
      event.preventDefault();
      open(link.dataset.address);
    });
    for (const name of ["pointerleave", "focusout"]) this.rows.addEventListener(name, () => this.#settle());
    this.tools.show(this.view);
  }

  start() {
    this.rows.replaceChildren(...Array.from({ length: Math.min(this.view.limit, 25) }, skeletonRow));
    return this.load();
  }

  /** Asks for the page that the view means. `quiet`: an error leaves what is shown. Answers whether it succeeded. */
  async load({ quiet = false } = {}) {
    if (quiet && this.busy) return true; // what somebody asked for is on its way
    const question = ++this.question;
    this.busy = !quiet;
    this.rows.parentElement.setAttribute("aria-busy", String(!quiet));
    try {
      const answer = await listViewers(this.view);
      if (question === this.question) this.#show(answer, { quiet });
      return true;
    } catch (error) {
      onlyServer(error);
      if (question === this.question && !quiet) this.#explainError(error);
      return false;
    } finally {
      if (question === this.question) {
        this.busy = false;
        this.rows.parentElement.removeAttribute("aria-busy");
      }
    }
  }

  /** The view as the address has it, after going back or forward. */
  followAddress() {
    const wanted = viewFromAddress();
    if (addressOfView(wanted) === addressOfView(this.view)) return;
    this.view = wanted;
    this.tools.show(this.view);
    this.load();
  }

  /** One person has changed: the row, where it is shown, follows at once. */
  update(viewer) {
    const row = this.#rowOf(addressOf(viewer));
    if (row) fillRow(row, { ...row.viewer, ...viewer });
  }

  remove(viewer) {
    this.#rowOf(addressOf(viewer))?.remove();
  }

  setOnline(addresses) {
    this.online = addresses;
    for (const row of this.rows.children) this.#markOnline(row);
  }

  #markOnline(row) {
    const here = this.online.has(row.dataset.address?.toLowerCase());
    if (row.classList.contains("online") !== here) row.classList.toggle("online", here);
  }

  #rowOf(address) {
    return [...this.rows.children].find((row) => row.dataset.address === address);
  }

  #change(changes, { keepPage = false, replace = false } = {}) {
    this.view = { ...this.view, ...(keepPage ? {} : { page: 1 }), ...changes };
    const url = location.pathname + addressOfView(this.view);
    history[replace ? "replaceState" : "pushState"](history.state, "", url);
    this.tools.show(this.view);
    this.load();
  }

  #show({ data, pagination }, { quiet }) {
    const { page, total, totalPages, totalIsExact: exact = true } = pagination;
    this.total = total;
    if (page > 1 && !data.length && totalPages)
      return this.#change({ page: totalPages }, { keepPage: true, replace: true });
    byId("people-empty").hidden = data.length > 0;
    this.rows.parentElement.hidden = data.length === 0;
    if (data.length) this.#fill(data, quiet);
    else this.#explainNothing();
    setText(byId("list-note"), total ? `${exact ? "" : "more than "}${plural(total, "viewer")}` : "nobody");
    showPlace(byId("pager"), pagination, data.length);
    this.shown(this.view, data);
    return undefined;
  }

  /** While somebody points at a row or has the focus in one, rows change but do not move under them. */
  #fill(data, quiet) {
    const held = quiet && (this.rows.matches(":hover") || this.rows.contains(document.activeElement));
    if (held) {
      this.waiting = data;
      const known = new Map([...this.rows.children].map((row) => [row.dataset.address, row]));
      for (const viewer of data) {
        const row = known.get(addressOf(viewer));
        if (row) fillRow(row, viewer);
      }
    } else this.#place(data);
  }

  #settle() {
    if (!this.waiting || this.rows.contains(document.activeElement)) return;
    this.#place(this.waiting);
  }

  #place(data) {
    this.waiting = null;
    const known = new Map([...this.rows.children].map((row) => [row.dataset.address, row]));
    const rows = data.map((viewer) => {
      const row = known.get(addressOf(viewer));
      if (!row) return viewerRow(viewer);
      fillRow(row, viewer);
      return row;
    });
    const same = rows.length === this.rows.children.length && rows.every((row, at) => row === this.rows.children[at]);
    if (!same) this.rows.replaceChildren(...rows);
    for (const row of rows) this.#markOnline(row);
  }

  #explainNothing() {
    const { search, filter } = this.view;
    this.#explain(nobody(this.view), search || filter !== "all" ? this.#clearButton() : null);
  }

  #clearButton() {
    const button = make("button.button.small", { type: "button" }, icon("users-round"), "Show everybody");
    button.addEventListener("click", () => this.#change({ search: "", filter: "all" }));
    return button;
  }

  #explainError(error) {
    const again = make("button.button.small", { type: "button" }, icon("refresh-cw"), "Try again");
    again.addEventListener("click", () => this.load());
    this.#explain(empty("circle-alert", "The viewers could not be read", error.message), again);
  }

  #explain(words, button) {
    this.rows.parentElement.hidden = true;
    const place = byId("people-empty");
    place.hidden = false;
    place.replaceChildren(...words.childNodes, ...(button ? [button] : []));
  }
}
