/** A short word in the corner, read out to those who cannot see it. */

import { byId, icon, make } from "./dom.js";

const STAYS_MS = 4000;
const MOST = 3;

export function toast(text, { icon: symbol = "info", attention = false } = {}) {
  const region = byId("toasts");
  const note = make(attention ? "div.toast.attention" : "div.toast", {}, icon(symbol), make("span", {}, text));
  region.append(note);
  while (region.children.length > MOST) region.firstElementChild.remove();
  setTimeout(() => note.remove(), STAYS_MS);
}
