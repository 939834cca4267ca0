/** A short word in the corner, read out to those who cannot see it. */

import { byId, icon, make } from "./dom.js";

const STAYS_MS = 4000;
const MOST = 3;

export function toast(text, { icon: symbol = "info", attention = false } = {}) {
  const region = place();
  const note = make(attention ? "div.toast.attention" : "div.toast", {}, icon(symbol), make("span", {}, text));
  region.append(note);
  while (region.children.length > MOST) region.firstElementChild.remove();
  setTimeout(() => note.remove(), STAYS_MS);
}

/**
 * While a dialog is open nothing outside of it is seen or read out: then toasts stand in it. They follow as it opens, not
 * as there is something to say, for only what stands there before its words come is read out for certain.
 */
function place() {
  const region = byId("toasts");
  const home = [...document.querySelectorAll("dialog:modal")].at(-1) ?? document.body;
  if (region.parentElement !== home) home.append(region);
  return region;
}

new MutationObserver(place).observe(document.body, { subtree: true, attributes: true, attributeFilter: ["open"] });
