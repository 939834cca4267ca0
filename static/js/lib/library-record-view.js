/** What the table of records shows: which kind, filtered and sorted how, which page; from an address and back. */

import { dayAfter, dayIn } from "./library-address.js";
import { KINDS } from "./library-kinds.js";

export const SIZES = [10, 25, 50, 100];
const ROWS = matchMedia("(max-width: 640px)").matches ? 10 : 25; // a phone shows a card for each
const LAST_PAGE = 10_000_000;
const LONGEST_SEARCH = 256;

/** What is not known is passed over, as an address may come from anywhere. */
export function viewOf(place) {
  const kind = Object.hasOwn(KINDS, place.kind ?? "") ? place.kind : "plans";
  const { sorts, filters, searched } = KINDS[kind];
  const sort = Object.hasOwn(sorts, place.sort ?? "") ? place.sort : Object.keys(sorts)[0];
  const page = Number(place.page);
  const limit = Number(place.limit);
  return {
    kind,
    sort,
    descending: ["asc", "desc"].includes(place.order) ? place.order === "desc" : sorts[sort][1],
    page: Number.isInteger(page) && page > 0 ? Math.min(page, LAST_PAGE) : 1,
    limit: SIZES.includes(limit) ? limit : ROWS,
    search: searched ? (place.search ?? "").slice(0, LONGEST_SEARCH) : "",
    filters: Object.fromEntries(filters.map((filter) => [filter.name, known(filter, place[filter.name] ?? "")])),
  };
}

function known({ type, choices }, text) {
  if (type === "plan" || type === "record") return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : "";
  if (type === "day") return dayIn(text);
  if (type === "choice") return Object.hasOwn(choices, text) ? text : "";
  return text.slice(0, 60);
}

/** Only what differs from the usual. */
export function placeOf({ kind, sort, descending, page, limit, search, filters }) {
  const { sorts } = KINDS[kind];
  return {
    tab: "records",
    kind,
    search,
    ...filters,
    sort: sort === Object.keys(sorts)[0] ? "" : sort,
    order: descending === sorts[sort][1] ? "" : descending ? "desc" : "asc",
    limit: limit === ROWS ? "" : limit,
    page: page === 1 ? "" : page,
  };
}

/** The same as the server is asked. A last day is meant whole, and it takes the moment before which all lies. */
export function questionOf({ kind, sort, descending, page, limit, search, filters }) {
  const through = KINDS[kind].filters.filter((filter) => filter.through && filters[filter.name]);
  const days = Object.fromEntries(through.map(({ name }) => [name, dayAfter(filters[name])]));
  return { sort, order: descending ? "desc" : "asc", page, limit, search, ...filters, ...days };
}

export const isLimited = ({ search, filters }) => Boolean(search) || Object.values(filters).some(Boolean);
