/** Wires the list of past streams: one page of it at a time, the page and the channel in the address. */

import { byId, empty, make, part, setText } from "../lib/dom.js";
import { filterFromAddress } from "../lib/filter.js";
import { channelName, plural } from "../lib/format.js";
import { getJson, query } from "../lib/http.js";
import { skeletonRow, streamRow } from "../lib/stream-rows.js";
import { whereChannelsAreSet } from "../lib/where-channels.js";

const PER_PAGE = 20;
const BEGINNING = [
  "A stream begins with the first message and ends after half an hour of silence. ",
  ...whereChannelsAreSet(),
];

const rows = byId("streams");
let question = null;

async function show() {
  const { page, filter } = address();
  const asked = (question = {});
  if (!rows.childElementCount) rows.replaceChildren(...Array.from({ length: 8 }, () => skeletonRow()));
  try {
    const answer = await getJson(`/api/streams${query({ page, limit: PER_PAGE, ...filter })}`);
    if (asked === question) showPage(answer);
  } catch (error) {
    if (asked === question) explain("circle-alert", "The streams could not be read", error.message);
  }
}

function showPage({ data, pagination: { page, total, totalPages } }) {
  setText(byId("total"), total ? plural(total, "stream") : "");
  if (!data.length) {
    explain(
      "history",
      total ? "There is no such page" : "No stream yet",
      total ? "Go back to the newest ones." : BEGINNING,
    );
  } else {
    byId("streams-empty").hidden = true;
    rows.parentElement.hidden = false;
    rows.replaceChildren(...data.map(streamRow));
  }
  const pager = byId("pager");
  pager.hidden = totalPages < 2 && (data.length > 0 || !total);
  setText(part(pager, "place"), `Page ${page} of ${Math.max(1, totalPages)}`);
  lead(part(pager, "newer"), page - 1, page > 1);
  lead(part(pager, "older"), page + 1, page < totalPages);
}

function explain(symbol, title, words) {
  const place = byId("streams-empty");
  rows.parentElement.hidden = true;
  place.hidden = false;
  place.replaceChildren(...empty(symbol, title, words).childNodes);
}

function lead(link, page, possible) {
  link.setAttribute("href", `/streams${query({ ...address().filter, page: page > 1 ? page : "" })}`);
  link.setAttribute("aria-disabled", String(!possible));
  link.tabIndex = possible ? 0 : -1;
}

function address() {
  const asked = Number(new URLSearchParams(location.search).get("page"));
  return { page: Number.isInteger(asked) && asked > 0 ? Math.min(asked, 100_000) : 1, filter: filterFromAddress() };
}

/** Paging and filtering without a reload; the links work without this too. */
function go(url) {
  history.pushState(null, "", url);
  show();
  showChannels.again?.();
  scrollTo({ top: 0 });
}

addEventListener("popstate", () => {
  show();
  showChannels.again?.();
});
byId("pager").addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  if (link.getAttribute("aria-disabled") !== "true") go(link.href);
});

async function showChannels() {
  const { channels } = await getJson("/api/stats?minutes=1");
  if (channels.length < 2) return;
  showChannels.again = () => byId("channels").replaceChildren(...channels.map(channelChip));
  showChannels.again();
}

function channelChip({ platform, name }) {
  const { filter } = address();
  const chosen = filter.channel === name && (!filter.platform || filter.platform === platform);
  const chip = make(
    "button.chip",
    { type: "button", "aria-pressed": String(chosen) },
    make(`i.dot.${platform}`, { "aria-hidden": "true" }),
    make("span", {}, `${platform} / ${channelName(platform, name)}`),
  );
  chip.classList.toggle("aside", Boolean(filter.channel) && !chosen);
  chip.addEventListener("click", () => {
    go(`/streams${query(chosen ? {} : { channel: name, platform })}`);
    byId("channels").querySelector(`[aria-pressed="${!chosen}"]`)?.focus();
  });
  return chip;
}

show();
showChannels().catch(() => null); // without the chips the list is still whole
