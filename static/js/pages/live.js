/** Wires the live page: one connection in, every widget out. */

import { HypeChart } from "../charts/hype.js";
import { ChartNumbers, spoken } from "../charts/numbers.js";
import { everySecond, serverNow } from "../lib/clock.js";
import { LiveLine } from "../lib/live-line.js";
import { ConnectionChip } from "../lib/connection-chip.js";
import { Counter } from "../lib/counter.js";
import { byId, setText } from "../lib/dom.js";
import { Feed } from "../lib/feed.js";
import { filterFromAddress, filterToAddress } from "../lib/filter.js";
import { number } from "../lib/format.js";
import { oncePerFrame } from "../lib/frame.js";
import { ItemMemory } from "../lib/item-memory.js";
import { Kpis } from "../lib/kpis.js";
import { basisWords, chatHint, emptyGraph, isHeard } from "../lib/live-words.js";
import { Moments } from "../lib/moments.js";
import { PastStreams } from "../lib/past-streams.js";
import { chatterEntries, showRanking, termEntries } from "../lib/ranking.js";
import { Sources } from "../lib/sources.js";
import { Span } from "../lib/span.js";
import { Ticker } from "../lib/ticker.js";
import { toast } from "../lib/toast.js";
import { Troubles } from "../lib/troubles.js";

let filter = filterFromAddress();
let stats = null;
let away = false; // whether the live line is down
const memory = new ItemMemory();
let describedMinute = "";

const kpis = new Kpis();
const chart = new HypeChart(byId("hype-chart"));
const numbers = new ChartNumbers(byId("hype-numbers"), "Messages per minute, newest first");
const hype = new Counter(byId("hype-figure"), number);
const ticker = new Ticker(byId("ticker"));
const feed = new Feed(byId("chat"), byId("chat-more"));
const moments = new Moments(byId("moments"), { linkToStream: true });
const sources = new Sources(byId("sources"), choose);
const troubles = new Troubles(byId("troubles"));
const chip = new ConnectionChip(byId("connection"));
const span = new Span(
  byId("span"),
  () => filter,
  () => drawGraph(),
);
new PastStreams(byId("past"), () => filter);

const draw = oncePerFrame(() => {
  kpis.show(stats);
  hype.show(isHeard(stats) ? stats.hype : null);
  setText(byId("hype-basis"), basisWords(stats));
  sources.show(stats.channels, filter);
  troubles.show(stats.channels);
  moments.show(stats.moments, { several: stats.channels.length > 1 });
  showRanking(byId("top-chatters"), chatterEntries(stats.top_chatters));
  showRanking(byId("top-emotes"), termEntries(stats.top_emotes));
  showRanking(byId("top-words"), termEntries(stats.top_words));
});

const drawGraph = oncePerFrame(() => {
  const series = span.series;
  if (!series || !stats) return;
  const now = serverNow();
  chart.draw(series, { now, rate: stats.messages_per_minute });
  numbers.show(series, now);
  describe(series);
  const silent = !series.counts.some(Boolean) && !series.gaps.length;
  byId("hype-empty").hidden = !silent;
  if (silent) byId("hype-empty").replaceChildren(...emptyGraph(stats, filter).childNodes);
});

const line = new LiveLine({
  filter,
  on: {
    stats: showStats,
    items: showItems,
    ticker: (people) => ticker.show(people),
    removed: showRemoved,
    sources: (channels) => {
      if (stats) showStats({ ...stats, channels });
    },
    state: showState,
    refused: showRefused,
  },
});

function showStats(fresh) {
  if (stats?.stream && !fresh.stream) dispatchEvent(new Event("streampulse:stream-ended"));
  stats = fresh;
  span.take(fresh);
  ticker.show(fresh.ticker);
  feed.explain(chatHint(fresh, away));
  draw();
  drawGraph();
}

function showItems(items, replace) {
  memory.remember(items);
  if (replace) feed.replace(items, chatHint(stats, away));
  else feed.add(items);
}

function showRemoved({ ids, cleared }) {
  feed.remove(ids);
  if (cleared) feed.clear(cleared);
  ticker.forget(memory.those(ids));
}

function showState(state) {
  chip.show(state);
  away = !["connected", "connecting"].includes(state.kind);
  setText(byId("chat-note"), away ? "goes on when the live line is back" : "");
}

/** The address names a channel nobody collects: say so and show everything. */
function showRefused(reason) {
  toast(reason ? `${reason}; showing all channels` : "That channel is not known; showing all", {
    icon: "circle-alert",
    attention: true,
  });
  history.replaceState(null, "", location.pathname);
  useFilter({});
}

function choose(chosen) {
  filterToAddress(chosen);
  useFilter(chosen);
}

function useFilter(chosen) {
  filter = chosen;
  sources.show(stats?.channels ?? [], filter);
  span.reset();
  line.setFilter(filter);
}

addEventListener("popstate", () => useFilter(filterFromAddress()));
everySecond(drawGraph); // the graph glides on between two answers
line.start();

/** For those who do not see the graph; told anew when a minute is over, not each second. */
function describe(series) {
  const minute = series.times.at(-1);
  if (minute === describedMinute) return;
  describedMinute = minute;
  byId("hype-chart").setAttribute("aria-label", spoken(series));
}
