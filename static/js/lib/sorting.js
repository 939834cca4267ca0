/** What a table is sorted with: headings that are buttons, and the button that turns the order round. */

import { icon, make } from "./dom.js";

/** A heading that sorts by `field`; `chosen()` is called for each press. */
export function sortHead(field, label, className, chosen) {
  const button = make("button.sort", { type: "button" }, label, icon("arrow-down", "sort-mark"));
  button.addEventListener("click", chosen);
  return make("th", { scope: "col", class: className, "data-field": field }, button);
}

export function markSorted(heads, field, descending) {
  for (const head of heads) {
    if (head.dataset.field === field) head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  }
}

export function showOrder(button, descending) {
  button.replaceChildren(icon(descending ? "arrow-down-wide-narrow" : "arrow-up-narrow-wide"));
  button.setAttribute("aria-label", descending ? "Highest first; turn round" : "Lowest first; turn round");
  button.title = button.getAttribute("aria-label");
}
