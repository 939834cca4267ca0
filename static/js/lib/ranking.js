/** Ranked names with bars; rows are kept and changed, so bars glide instead of blinking. */

import { platformBadge } from "./chat-line.js";
import { empty, make, setText } from "./dom.js";
import { compact } from "./format.js";

/** `entries` are {name, count, key?, mark?: makes what stands before the name, text?: the count in words}. */
export function showRanking(list, entries) {
  const most = Math.max(1, ...entries.map((entry) => entry.count));
  if (!entries.length) {
    if (!list.querySelector(".empty")) list.replaceChildren(make("li", {}, empty(null, null, list.dataset.empty)));
    return;
  }
  list.querySelector(".empty")?.parentElement.remove();
  while (list.children.length > entries.length) list.lastElementChild.remove();
  while (list.children.length < entries.length) list.append(newRow());
  for (const [index, entry] of entries.entries()) fill(list.children[index], entry, most);
}

/** Entries of top_chatters. */
export function chatterEntries(chatters) {
  return chatters.map((one) => ({
    name: one.user || one.login,
    count: one.messages,
    key: `${one.platform}/${one.login}`,
    mark: () => platformBadge(one.platform),
  }));
}

/** Entries of top_emotes and top_words. */
export function termEntries(terms) {
  return terms.map(({ term, count }) => ({ name: term, count }));
}

function newRow() {
  const row = make("li.rank-row");
  row.bar = make("span.rank-bar", { "aria-hidden": "true" });
  row.mark = make("span.rank-mark", { hidden: true });
  row.name = make("bdi.name");
  row.count = make("span.rank-count");
  row.append(row.bar, row.mark, row.name, row.count);
  return row;
}

function fill(row, { name, count, mark = null, key = name, text = compact(count) }, most) {
  row.bar.style.transform = `scaleX(${Math.max(0.02, count / most).toFixed(4)})`;
  setText(row.name, name);
  row.name.title = name;
  setText(row.count, text);
  if (row.key === key) return;
  row.key = key;
  row.mark.hidden = !mark;
  row.mark.replaceChildren(...(mark ? [mark()] : []));
}
