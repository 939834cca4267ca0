/** Wires an overlay: the widgets its address asks for, fed by the live connection, silent about every trouble. */

import { HypeChart } from "../charts/hype.js";
import { alertOf, alertOfNews } from "../lib/alert-queue.js";
import { Alerts } from "../lib/alerts.js";
import { everySecond, serverNow } from "../lib/clock.js";
import { LiveLine } from "../lib/live-line.js";
import { Counter } from "../lib/counter.js";
import { byId } from "../lib/dom.js";
import { number } from "../lib/format.js";
import { oncePerFrame, setInScene } from "../lib/frame.js";
import { GiftBoard } from "../lib/gift-board.js";
import { Goal } from "../lib/goal.js";
import { ItemMemory } from "../lib/item-memory.js";
import { Leaderboard } from "../lib/leaderboard.js";
import { overlayOptions } from "../lib/overlay-options.js";
import { SavedGoal } from "../lib/saved-goal.js";
import { SeriesKeeper } from "../lib/series-keeper.js";
import { Ticker } from "../lib/ticker.js";

const FRESH_MS = 60_000; // what happened longer ago (a restart in between) is no alert any more
const MOST_SEEN = 2000;
const STALE_MS = 120_000; // a restart is shorter; figures of longer ago would be taken for those of now

const options = overlayOptions(location.search);
const { widgets, filter, token } = options;
const source = { filter: () => filter, token };
let stats = null;
let heardAt = 0; // when stats came last, by this machine's clock

if (options.accent) document.documentElement.style.setProperty("--accent", options.accent);
document.body.dataset.count = [...widgets].filter((name) => name !== "alerts").length;
for (const name of widgets) byId(name).hidden = false;

const show = []; // what each widget does with new stats

if (widgets.has("hype")) {
  const chart = new HypeChart(byId("hype-chart"), {
    plain: true,
    ...(options.accent ? { accent: options.accent } : {}),
  });
  const figure = new Counter(byId("hype-figure"), number);
  const draw = oncePerFrame(() => {
    if (keeper.series) chart.draw(keeper.series, { now: serverNow(), rate: stats.messages_per_minute });
  });
  const keeper = new SeriesKeeper({ ...source, changed: draw });
  keeper.want(options.minutes);
  show.push(() => {
    keeper.take(stats);
    figure.show(stats.hype);
    draw();
  });
  everySecond(() => stats && draw());
}

const ticker = widgets.has("ticker") ? new Ticker(byId("ticker-list"), { hint: null }) : null;
if (ticker) show.push(() => ticker.show(stats.ticker));

if (widgets.has("leaderboard")) new Leaderboard(byId("leaderboard"), options.board, { filter, token });
const gifts = widgets.has("gifts")
  ? new GiftBoard(byId("gifts"), {
      lists: options.gifts,
      most: document.body.dataset.count === "1" ? 5 : 3,
      ask: () => line.request("live:gifts"),
    })
  : null;

if (widgets.has("goal")) {
  const root = byId("goal");
  const goal = options.goal ? new Goal(root, options.goal, source) : new SavedGoal(root, source);
  show.push(() => goal.show(stats));
}

const alerts = widgets.has("alerts") ? new Alerts(byId("alerts")) : null;
const drawAll = oncePerFrame(() => {
  for (const one of show) one();
});

const memory = new ItemMemory();
let seen = null; // items told already, by id; null until the first answer, whose items are the past

const line = new LiveLine({
  filter,
  token,
  follow: ["alerts"],
  on: {
    stats: (fresh) => {
      if (fresh.stream?.id !== stats?.stream?.id) gifts?.refresh();
      stats = fresh;
      heardAt = Date.now();
      tellTab("");
      document.body.classList.add("ready");
      drawAll();
    },
    items: take,
    ticker: (people) => ticker?.show(people),
    removed: ({ ids }) => ticker?.forget(memory.those(ids)),
    person: (news, person) => raise([alertOfNews(news, person)]),
    refused: tellTab,
  },
});
line.start();
everySecond(() => {
  if (Date.now() - heardAt > STALE_MS && !line.connected) document.body.classList.remove("ready");
});

/** On the stream there is nothing to see of a trouble; whoever opens the address in a browser reads of it in the tab. */
function tellTab(trouble) {
  document.title = trouble ? `StreamPulse overlay: ${trouble}` : "StreamPulse overlay";
}

function take(items, replace) {
  memory.remember(items);
  const fresh =
    seen === null ? [] : items.filter((item) => !seen.has(item.id) && serverNow() - Date.parse(item.at) < FRESH_MS);
  seen = new Set([...[...(seen ?? [])].slice(-MOST_SEEN), ...items.map((item) => item.id)]);
  raise(fresh.map(alertOf));
  if (replace || items.some(({ kind }) => kind === "gift" || kind === "subgift")) gifts?.refresh();
}

function raise(found) {
  alerts?.add(found.filter((alert) => alert && options.alerts.has(alert.name)));
}

// A source of OBS that is not in the scene need not draw.
if (window.obsstudio)
  addEventListener("obsSourceVisibleChanged", (event) => setInScene(event.detail?.visible !== false));
