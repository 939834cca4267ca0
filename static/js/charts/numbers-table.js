/** The numbers of a chart as a table that everybody can read. */

import { make } from "../lib/dom.js";

/** `heads` are words; `rows` are lists of texts, the first of each names its row. `texts`: the columns of words. */
export function numbersTable(caption, heads, rows, { texts = [] } = {}) {
  const tag = (name, at) => (at && !texts.includes(at) ? `${name}.number` : name);
  const body = rows.map(([first, ...cells]) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, make("bdi", {}, first)),
      ...cells.map((cell, at) => make(tag("td", at + 1), {}, cell)),
    ),
  );
  return make(
    "table.table.dense",
    {},
    make("caption", {}, caption),
    make("thead", {}, make("tr", {}, ...heads.map((words, at) => make(tag("th", at), { scope: "col" }, words)))),
    make("tbody", {}, ...body),
  );
}
