/** The rows of the table of records. */

import { icon, make } from "./dom.js";
import { addressOf } from "./library-address.js";
import { KINDS } from "./library-kinds.js";

/** `edit(record)` and `remove(record)` are what its buttons do; without them it has none. */
export function recordRow(kind, record, { edit, remove } = {}) {
  const { columns, named } = KINDS[kind];
  const row = make("tr", { "data-id": record.id }, ...columns.map((column) => cell(column, record)));
  if (edit)
    row.append(
      make(
        "td.record-tools",
        {},
        tool("pencil", `Change ${named(record)}`, () => edit(record)),
        tool("trash-2", `Delete ${named(record)}`, () => remove(record)),
      ),
    );
  return row;
}

function cell({ field, words, write = String, number, long, tag, leads }, record) {
  const value = record[field];
  const nothing = value === null || value === undefined || value === "";
  const text = nothing ? "–" : write(value, record);
  const shown =
    tag && !nothing ? make(`span.tag.state-${value}`, {}, text) : make("bdi", { title: long && text }, text);
  return make(
    `td${number ? ".number" : ""}${long ? ".long" : ""}`,
    { "data-label": words, "data-field": field },
    leads && !nothing ? make("a.link", { href: addressOf(leads(record)) }, shown) : shown,
  );
}

function tool(symbol, words, act) {
  const button = make(
    "button.button.icon-only.small",
    { type: "button", title: words, "aria-label": words },
    icon(symbol),
  );
  button.addEventListener("click", act);
  return button;
}

/** Holds the place of a row that is on its way. */
export function skeletonRow(kind) {
  const cells = KINDS[kind].columns.map(() => make("td", {}, make("span.skeleton.skeleton-line")));
  return make("tr.skeleton-row", { "aria-hidden": "true" }, ...cells);
}
