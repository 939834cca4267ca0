/** Wires the viewers' page: the list, what stands beside it, one person opened, and what is pushed. */

import { ConnectionChip } from "../lib/connection-chip.js";
import { byId } from "../lib/dom.js";
import { Line } from "../lib/line.js";
import { Birthdays } from "../lib/viewer-birthdays.js";
import { ViewerDialog } from "../lib/viewer-dialog.js";
import { ExportMenu } from "../lib/viewer-export.js";
import { Leaders } from "../lib/viewer-leaders.js";
import { ViewerList } from "../lib/viewer-list.js";
import { tell } from "../lib/viewer-news.js";
import { Presence } from "../lib/viewer-presence.js";
import { Refresher } from "../lib/viewer-refresh.js";
import { ViewerStats } from "../lib/viewer-stats.js";
import { Week } from "../lib/viewer-week.js";

const canWrite = Boolean(byId("viewers").dataset.canWrite);
const NEWS = ["new", "updated", "vip-promoted", "vip-removed", "vip-set", "birthday", "birthday-live", "online", "offline"];

const chip = new ConnectionChip(byId("connection"));
const stats = new ViewerStats();
const exports = new ExportMenu();
const birthdays = new Birthdays();
const leaders = new Leaders();
const week = new Week();
const dialog = new ViewerDialog({
  canWrite,
  isOnline: (viewer) => presence.has(viewer),
  changed: (viewer) => list.update(viewer),
  erased: () => refresher.everything(),
});
const list = new ViewerList({ open: (address) => dialog.open(address), moved: (view) => exports.show(view) });
const presence = new Presence((here) => {
  list.setOnline(here);
  dialog.refreshPresence();
});

// What is asked anew when something has happened: each at most so often (in seconds), and never while nobody looks.
const refresher = new Refresher({
  list: [2, () => list.load({ quiet: true })],
  stats: [3, () => stats.load()],
  presence: [10, () => presence.load()],
  leaders: [10, () => leaders.load()],
  birthdays: [60, () => birthdays.load()],
  week: [120, () => week.load()],
});

const line = new Line({
  on: {
    welcome: () => refresher.everything(), // what happened while the line was down is not told later
    poll: () => refresher.poll("list"),
    state: (state) => chip.show(state),
  },
  events: Object.fromEntries(NEWS.map((kind) => [`viewer:${kind}`, (viewer) => heard(kind, viewer)])),
});

function heard(kind, viewer) {
  if (kind === "online" || kind === "offline") presence.set(viewer, kind === "online");
  list.update(viewer);
  dialog.follow(viewer);
  tell(kind, viewer);
  refresher.want("list", "stats", "leaders", "week");
  if (kind.startsWith("birthday") || kind === "updated") refresher.want("birthdays");
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
