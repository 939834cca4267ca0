/** Wires the viewers' page: the list, what stands beside it, one person opened, and what is pushed. */

import { ConnectionChip } from "../lib/connection-chip.js";
import { byId } from "../lib/dom.js";
import { Line } from "../lib/line.js";
import { Birthdays } from "../lib/viewer-birthdays.js";
import { ExportMenu } from "../lib/viewer-export.js";
import { Leaders } from "../lib/viewer-leaders.js";
import { ViewerList } from "../lib/viewer-list.js";
import { tell } from "../lib/viewer-news.js";
import { Presence } from "../lib/viewer-presence.js";
import { ViewerStats } from "../lib/viewer-stats.js";
import { Week } from "../lib/viewer-week.js";

const canWrite = Boolean(byId("viewers").dataset.canWrite);

const stats = new ViewerStats();
const exports = new ExportMenu();
const birthdays = new Birthdays();
const leaders = new Leaders();
const week = new Week();
const list = new ViewerList({ open: () => null, moved: (view) => exports.show(view), canWrite });
const presence = new Presence((here) => list.setOnline(here));

list.start();
stats.load();
birthdays.load();
leaders.load();
week.load();
presence.load();
