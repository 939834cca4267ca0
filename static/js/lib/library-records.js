/** The table of records: listed, searched, filtered, sorted and paged by the server, without a reload. */

import { byId, empty, icon, make, setText, unseen } from "./dom.js";
import { number } from "./format.js";
import { onlyServer } from "./http.js";
import { goTo } from "./library-address.js";
import { listRecords } from "./library-api.js";
import { DeleteDialog } from "./library-delete.js";
import { RecordForm } from "./library-form.js";
import { KINDS } from "./library-kinds.js";
import { recordRow, skeletonRow } from "./library-record-rows.js";
import { RecordTools } from "./library-record-tools.js";
import { isLimited, placeOf, questionOf, viewOf } from "./library-record-view.js";
import { showPlace } from "./pager.js";

const MOST_SKELETONS = 12;

export class Records {
  /** `changed()` is called when a record was made, changed or deleted. */
  constructor({ canWrite, changed }) {
    this.changed = changed;
    this.rows = byId("records-rows");
    this.table = byId("records-table");
    this.tools = new RecordTools((changes, how) => this.#change(changes, how));
    if (canWrite) this.#wireOrders();
  }

  #wireOrders() {
    const done = () => {
      if (this.view) this.load();
      this.changed();
    };
    this.form = new RecordForm({ saved: done });
    this.dialog = new DeleteDialog({
      deleted: () => {
        byId("records-add").focus(); // the button that had the focus is gone
        done();
      },
    });
    this.orders = {
      edit: (record) => this.form.open(this.view.kind, record),
      remove: (record) => this.dialog.open(this.view.kind, record),
    };
    byId("records-add").addEventListener("click", () => this.add(this.view.kind));
  }

  add(kind) {
    return this.form.open(kind);
  }

  get place() {
    return this.view ? placeOf(this.view) : { tab: "records" };
  }

  /** The place somebody came to. */
  follow(place) {
    this.#show(viewOf(place));
  }

  #change(changes, how) {
    const view = changes.kind ? viewOf({ kind: changes.kind }) : { ...this.view, page: 1, ...changes };
    goTo(placeOf(view), how);
    this.#show(view);
  }

  #show(view) {
    const newKind = view.kind !== this.view?.kind;
    this.view = view;
    this.tools.show(view);
    if (newKind) this.#begin();
    this.load();
  }

  #begin() {
    const { kind, limit } = this.view;
    setText(byId("records-caption"), `${KINDS[kind].many}. The headings that are buttons sort the table.`);
    byId("records-head").replaceChildren(
      ...this.tools.heads,
      ...(this.orders ? [make("th", { scope: "col" }, unseen("Change or delete"))] : []),
    );
    this.rows.replaceChildren(...Array.from({ length: Math.min(limit, MOST_SKELETONS) }, () => skeletonRow(kind)));
    this.#setShown(true);
    setText(byId("records-note"), "");
    const add = document.getElementById("records-add");
    if (add) setText(add.querySelector("span"), `Add ${KINDS[kind].one}`);
  }

  async load() {
    const asked = this.view;
    const question = (this.question = {});
    this.table.setAttribute("aria-busy", "true");
    try {
      const answer = await listRecords(asked.kind, questionOf(asked));
      if (question === this.question) this.#fill(answer);
    } catch (error) {
      onlyServer(error);
      if (question === this.question) this.#explainError(error);
    } finally {
      if (question === this.question) this.table.removeAttribute("aria-busy");
    }
  }

  #fill({ data, pagination }) {
    const { page, total, totalPages, totalIsExact: exact } = pagination;
    const { kind } = this.view;
    if (page > 1 && !data.length && totalPages) {
      this.#change({ page: totalPages }, { replace: true });
      return;
    }
    const { one, many } = KINDS[kind];
    setText(byId("records-note"), `${exact ? "" : "more than "}${number(total)} ${total === 1 ? one : many}`);
    this.rows.replaceChildren(...data.map((record) => recordRow(kind, record, this.orders)));
    showPlace(byId("pager"), pagination, data.length);
    if (data.length) this.#setShown(true);
    else this.#explainNothing();
  }

  #setShown(shown) {
    this.table.hidden = !shown;
    byId("records-empty").hidden = shown;
  }

  #explain(words, button) {
    this.#setShown(false);
    byId("records-empty").replaceChildren(...words.childNodes, ...(button ? [button] : []));
  }

  #explainNothing() {
    const { kind } = this.view;
    const { icon: symbol, many, one } = KINDS[kind];
    if (isLimited(this.view)) {
      const words = empty("search", `No ${many} like that`, "Search for less, or take a filter away.");
      this.#explain(
        words,
        action("x", "Show all", () => this.#change({ search: "", filters: viewOf({ kind }).filters })),
      );
    } else {
      const how = [
        "Import them with ",
        make("code", {}, "init_db.py --import FOLDER"),
        " or send them to ",
        make("code", {}, `/api/${kind}`),
        ".",
      ];
      const button = this.orders && action("plus", `Add the first ${one}`, () => this.add(kind));
      this.#explain(empty(symbol, `No ${many} yet`, how), button);
    }
  }

  #explainError(error) {
    const words = empty("circle-alert", `The ${KINDS[this.view.kind].many} could not be read`, error.message);
    this.#explain(
      words,
      action("refresh-cw", "Try again", () => this.load()),
    );
  }
}

function action(symbol, words, act) {
  const button = make("button.button.small", { type: "button" }, icon(symbol), words);
  button.addEventListener("click", act);
  return button;
}
