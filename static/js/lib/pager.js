/** The line below a paged table: which rows are shown, one page back, one page on. */

import { part, setText } from "./dom.js";
import { number } from "./format.js";

/** `pagination` as the server tells it; `shown` is how many rows it sent. Without any there is nothing to leaf through. */
export function showPlace(pager, { page, limit, total, totalPages, totalIsExact: exact = true }, shown) {
  const first = (page - 1) * limit + 1;
  pager.hidden = !total;
  setText(part(pager, "place"), `${number(first)}–${number(first + shown - 1)} of ${number(total)}${exact ? "" : "+"}`);
  part(pager, "previous").disabled = page <= 1;
  part(pager, "next").disabled = page >= totalPages;
}
