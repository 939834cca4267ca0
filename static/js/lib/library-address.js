/** Where on the page somebody is, kept in the address: it can be bookmarked, shared and gone back to. */

import { query } from "./http.js";

const PATH = "/library";
export const TABS = ["overview", "members", "records"];

/** {tab, …parameters}; an unknown tab is the first. */
export function placeFromAddress(search = location.search) {
  const { tab, ...rest } = Object.fromEntries(new URLSearchParams(search));
  return { tab: TABS.includes(tab) ? tab : tabOf(rest), ...rest };
}

/** Links name the tab only where it is not plain from what else they say. */
export function addressOf({ tab, ...rest }) {
  return `${PATH}${query({ tab: tab === tabOf(rest) || !tab ? "" : tab, ...rest })}`;
}

function tabOf({ user, kind }) {
  if (kind) return "records";
  return user ? "members" : "overview";
}

/** Makes `place` the address; what it replaces can be gone back to unless `replace`. */
export function goTo(place, { replace = false } = {}) {
  const address = addressOf(place);
  if (address === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", address);
}

/** "2024-08-31", or "" for what is no day. */
export function dayIn(text = "") {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) ? text : "";
}

/** The day after "2024-08-31" is "2024-09-01". */
export function dayAfter(day) {
  return new Date(Date.parse(day) + 24 * 3600 * 1000).toISOString().slice(0, 10);
}
