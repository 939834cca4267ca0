/** Wires the live page: one connection in, every widget out. */

import { HypeChart } from "../charts/hype.js";
import { ChartNumbers } from "../charts/numbers.js";
import { platformBadge } from "../lib/chat-line.js";
import { everySecond, serverNow } from "../lib/clock.js";
import { LiveConnection } from "../lib/connection.js";
import { ConnectionChip } from "../lib/connection-chip.js";
import { Counter } from "../lib/counter.js";
import { byId, empty, make, setText } from "../lib/dom.js";
import { Feed } from "../lib/feed.js";
import { filterFromAddress, filterToAddress } from "../lib/filter.js";
import { number, plural } from "../lib/format.js";
import { oncePerFrame } from "../lib/frame.js";
import { Kpis } from "../lib/kpis.js";
import { Moments } from "../lib/moments.js";
import { PastStreams } from "../lib/past-streams.js";
import { showRanking } from "../lib/ranking.js";
import { Sources } from "../lib/sources.js";
import { Span } from "../lib/span.js";
import { Ticker } from "../lib/ticker.js";
import { toast } from "../lib/toast.js";

let filter = filterFromAddress();
let stats = null;
let away = false; // whether the live line is down
const removedItems = new Map(); // id → item, to take removed words off the ticker too

const kpis = new Kpis();
const chart = new HypeChart(byId("hype-chart"));
const numbers = new ChartNumbers(byId("hype-numbers"), "Messages per minute, newest first");
const hype = new Counter(byId("hype-figure"), number);
const ticker = new Ticker(byId("ticker"));
const feed = new Feed(byId("chat"), byId("chat-more"));
const moments = new Moments(byId("moments"), { linkToStream: true });
const sources = new Sources(byId("sources"), choose);
const chip = new ConnectionChip(byId("connection"));
const span = new Span(byId("span"), () => filter, () => drawGraph());
new PastStreams(byId("past"), () => filter);

const draw = oncePerFrame(() => {
  kpis.show(stats);
  hype.show(stats.hype);
  setText(byId("hype-basis"), basisWords(stats.hype_basis));
  sources.show(stats.channels, filter);
  moments.show(stats.moments);
  showRanking(byId("top-chatters"), stats.top_chatters.map((one) => ({ name: one.user || one.login, count: one.messages, key: `${one.platform}/${one.login}`, mark: () => platformBadge(one.platform) })));
  showRanking(byId("top-emotes"), stats.top_emotes.map(({ term, count }) => ({ name: term, count })));
  showRanking(byId("top-words"), stats.top_words.map(({ term, count }) => ({ name: term, count })));
});

const drawGraph = oncePerFrame(() => {
  const series = span.series;
  if (!series || !stats) return;
  const now = serverNow();
  chart.draw(series, { now, rate: stats.messages_per_minute });
  numbers.show(series, now);
  describeGraph(series);
  const silent = !series.counts.some(Boolean) && !series.gaps.length;
  byId("hype-empty").hidden = !silent;
  if (silent) byId("hype-empty").replaceChildren(...emptyWords(stats).childNodes);
});

const connection = new LiveConnection({
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
  stats = fresh;
  span.take(fresh);
  ticker.show(fresh.ticker);
  feed.explain(chatHint(fresh));
  draw();
  drawGraph();
}

function showItems(items, replace) {
  for (const item of items) removedItems.set(item.id, item);
  while (removedItems.size > 400) removedItems.delete(removedItems.keys().next().value);
  if (replace) feed.replace(items, chatHint(stats));
  else feed.add(items);
}

function showRemoved({ ids, cleared }) {
  feed.remove(ids);
  if (cleared) feed.clear(cleared);
  ticker.forget(ids.map((id) => removedItems.get(id)).filter(Boolean));
}

function showState(state) {
  chip.show(state);
  away = !["connected", "connecting"].includes(state.kind);
  setText(byId("chat-note"), away ? "goes on when the live line is back" : "");
}

/** The address names a channel nobody collects: say so and show everything. */
function showRefused(reason) {
  toast(reason ? `${reason}; showing all channels` : "That channel is not known; showing all", { icon: "circle-alert", attention: true });
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
  connection.setFilter(filter);
}

addEventListener("popstate", () => useFilter(filterFromAddress()));
everySecond(drawGraph); // the graph glides on between two answers
connection.start();

function basisWords({ streams, source }) {
  if (source === "past_streams") return `against your last ${plural(streams, "stream")}`;
  return source === "this_stream" ? "against this stream so far" : "nothing to compare with yet";
}

function chatHint(now) {
  if (away) return ["Chat waits for the live line", "It appears here as soon as the line is back."];
  if (!now) return null;
  if (!now.channels.length) return ["No channel yet", "Chat appears here as soon as a channel is set."];
  return ["Quiet so far", "The next message appears here by itself."];
}

function emptyWords(now) {
  if (!now.channels.length) {
    const setting = ["Write ", make("code", {}, "CHANNEL=your_channel"), " into ", make("code", {}, ".env"), " and start the collector again."];
    return empty("radio", "No channel is set", setting);
  }
  const names = now.channels.filter((channel) => !filter.channel || channel.name === filter.channel).map((channel) => (channel.platform === "tiktok" ? `@${channel.name}` : `#${channel.name}`));
  const waiting = now.channels.every((channel) => ["connected", "offline"].includes(channel.state));
  const line = waiting ? "The graph begins with it, no reload needed." : "The chips above say how each channel stands.";
  return empty("message-circle", now.total_messages ? "No message in this span" : `Waiting for the first message of ${names.join(", ") || "the channel"}`, line);
}

let describedMinute = "";

function describeGraph(series) {
  const minute = series.times.at(-1);
  if (minute === describedMinute) return;
  describedMinute = minute;
  const highest = Math.max(...series.counts);
  const when = series.times[series.counts.indexOf(highest)];
  byId("hype-chart").setAttribute("aria-label", `Messages per minute from ${series.times[0]} to ${minute}: now ${number(stats.messages_per_minute)}, highest ${number(highest)} at ${when}. The numbers follow as a table.`);
}
