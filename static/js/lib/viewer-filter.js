/** What the list shows, kept in the address so that it can be bookmarked, shared and gone back to. */

export const FILTERS = ["all", "vip", "active", "favorites"];

/** sortBy → [words, the order a first click means]; the list of what the server can sort by. */
export const SORTS = {
  total_coins_spent: ["Coins", "DESC"],
  total_watchtime_seconds: ["Watchtime", "DESC"],
  total_visits: ["Visits", "DESC"],
  total_gifts_sent: ["Gifts", "DESC"],
  total_comments: ["Comments", "DESC"],
  total_likes: ["Likes", "DESC"],
  total_shares: ["Shares", "DESC"],
  last_seen_at: ["Last seen", "DESC"],
  first_seen_at: ["First seen", "DESC"],
  username: ["Name", "ASC"],
};

export const SIZES = [10, 25, 50, 100];
const ROWS = matchMedia("(max-width: 640px)").matches ? 10 : 25; // a phone shows a card for each
const USUAL = { search: "", filter: "all", sortBy: "total_coins_spent", order: "DESC", page: 1, limit: ROWS };

/** What is not known is passed over, as an address may come from anywhere. */
export function viewFromAddress(search = location.search) {
  const given = new URLSearchParams(search);
  const view = { ...USUAL };
  const page = Number(given.get("page"));
  if (FILTERS.includes(given.get("filter"))) view.filter = given.get("filter");
  if (Object.hasOwn(SORTS, given.get("sortBy") ?? "")) {
    view.sortBy = given.get("sortBy");
    view.order = SORTS[view.sortBy][1];
  }
  if (["ASC", "DESC"].includes(given.get("order"))) view.order = given.get("order");
  if (SIZES.includes(Number(given.get("limit")))) view.limit = Number(given.get("limit"));
  if (Number.isInteger(page) && page > 0) view.page = Math.min(page, 10_000);
  view.search = (given.get("search") ?? "").slice(0, 64);
  return view;
}

/** "?filter=vip": only what differs from the usual. */
export function addressOfView(view) {
  const search = new URLSearchParams();
  for (const [name, usual] of Object.entries(USUAL)) if (view[name] !== usual) search.set(name, view[name]);
  const usualOrder = SORTS[view.sortBy][1];
  if (view.order === usualOrder) search.delete("order");
  else search.set("order", view.order);
  const text = search.toString();
  return text ? `?${text}` : "";
}
