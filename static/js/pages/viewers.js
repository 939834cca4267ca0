/** Wires the viewers' page: the list, what stands beside it, one person opened, and what is pushed. */

import { LiveLine } from "../lib/live-line.js";
import { ConnectionChip } from "../lib/connection-chip.js";
import { byId } from "../lib/dom.js";
import { Birthdays } from "../lib/viewer-birthdays.js";
import { ViewerDialog } from "../lib/viewer-dialog.js";
import { ExportMenu } from "../lib/viewer-export.js";
import { VipGifts } from "../lib/viewer-gifts.js";
import { ImportDialog } from "../lib/viewer-import.js";
import { Leaders } from "../lib/viewer-leaders.js";
import { ViewerList } from "../lib/viewer-list.js";
import { tell } from "../lib/viewer-news.js";
import { Presence } from "../lib/viewer-presence.js";
import { Refresher } from "../lib/viewer-refresh.js";
import { ViewerStats } from "../lib/viewer-stats.js";
import { TierEditor } from "../lib/viewer-tiers.js";
import { Week } from "../lib/viewer-week.js";

const canWrite = Boolean(byId("viewers").dataset.canWrite);

let polling = false;
let connected = false;
let first = true; // the first connection follows what the page has just read by itself

const chip = new ConnectionChip(byId("connection"));
const stats = new ViewerStats();
const exports = new ExportMenu();
const birthdays = new Birthdays();
const leaders = new Leaders();
const week = new Week();
const gifts = new VipGifts();
const dialog = new ViewerDialog({
  canWrite,
  isOnline: (viewer) => presence.has(viewer),
  changed: (viewer) => list.update(viewer),
  erased: (viewer) => {
    list.remove(viewer);
    refresher.everything();
  },
});
const list = new ViewerList({
  open: (address) => dialog.open(address),
  shown: (view, viewers) => {
    exports.show(view);
    presence.learn(viewers);
  },
});
const presence = new Presence((here) => {
  list.setOnline(here);
  dialog.refreshPresence();
});

const tierEditor = new TierEditor({
  canWrite,
  saved: () => {
    dialog.forgetTiers();
    refresher.everything();
  },
});
if (location.hash === "#tiers") tierEditor.open(); // the settings lead here
if (canWrite) new ImportDialog({ imported: () => refresher.everything() });

// What is asked anew when something has happened: each at most so often (in seconds), and never while nobody looks.
const refresher = new Refresher({
  list: [2, () => list.load({ quiet: true })],
  stats: [3, () => stats.load()],
  presence: [10, () => presence.load()],
  leaders: [10, () => leaders.load()],
  birthdays: [60, () => birthdays.load()],
  week: [120, () => week.load()],
});

const line = new LiveLine({
  follow: ["viewers"],
  on: {
    person: heard,
    items: (items, replace) => replace || gifts.take(items),
    stats: () => polling && refresher.poll("list"),
    state: showState,
  },
});

function heard(kind, viewer) {
  if (kind === "online" || kind === "offline") {
    presence.set(viewer, kind === "online");
    refresher.want("presence");
  }
  list.update(viewer);
  dialog.follow(viewer);
  gifts.learn(viewer);
  tell(kind, viewer);
  refresher.want("list", "stats", "leaders", "week");
  if (kind.startsWith("birthday") || kind === "updated") refresher.want("birthdays");
}

/** While the line is down the page asks instead; what happened meanwhile is not told later, so all is asked anew. */
function showState(state) {
  chip.show(state);
  polling = state.kind === "polling";
  const stands = state.kind === "connected";
  if (stands && !connected) {
    refresher.everything({ except: first ? "list" : "" });
    first = false;
    gifts.load();
  }
  connected = stands;
}

/** Every link to a person opens them over the list; with a modifier the browser does what it always does. */
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a.person-link");
  if (!link || event.defaultPrevented || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  dialog.open(link.dataset.address);
});

addEventListener("popstate", () => {
  dialog.followAddress();
  list.followAddress();
});

addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input, textarea, select")) return;
  event.preventDefault();
  byId("search").focus();
});

list.start();
refresher.everything({ except: "list" });
dialog.followAddress();
line.start();
