/** Wires the page of one past stream: totals, graph, moments, people, words, and its chat page by page. */

import { HypeChart } from "../charts/hype.js";
import { ChartNumbers, spoken } from "../charts/numbers.js";
import { chatLine } from "../lib/chat-line.js";
import { byId, empty, make, part } from "../lib/dom.js";
import { clock, compact, day, decimal, duration, moneyFigure, number, plural } from "../lib/format.js";
import { getJson, query } from "../lib/http.js";
import { earnedNote, giftsNote } from "../lib/kpis.js";
import { Moments } from "../lib/moments.js";
import { chatterEntries, showRanking, termEntries } from "../lib/ranking.js";
import { seriesOf } from "../lib/series.js";
import { continuesStreak } from "../lib/streaks.js";

const CHAT_PAGE = 60;

const id = byId("stream").dataset.id;
let before = null;
let loading = false;

async function show() {
  try {
    const answer = await getJson(`/api/streams/${id}`);
    showTotals(answer.stream);
    showGraph(answer);
    const none = answer.stream.live ? undefined : "Chat ran at its usual pace: no moment stood out.";
    new Moments(byId("moments"), { none }).show(answer.moments);
    showRanking(byId("top-chatters"), chatterEntries(answer.top_chatters));
    showRanking(byId("top-emotes"), termEntries(answer.top_emotes));
    showRanking(byId("top-words"), termEntries(answer.top_words));
  } catch (error) {
    explainGraph("circle-alert", "The stream could not be read", error.message);
  }
}

function showTotals(stream) {
  const title = `${day(stream.started_at)}, ${clock(stream.started_at)}`;
  byId("stream-title").textContent = title;
  document.title = `${title} · ${stream.channel} · StreamPulse`;
  byId("stream-live").hidden = !stream.live;
  const { currency: code } = stream.earned;
  card("messages", compact(stream.messages), `peak ${number(stream.peak_messages_per_minute)} / min`);
  card("chatters", compact(stream.chatters), perChatter(stream));
  card(
    "viewers",
    stream.peak_viewers === null ? "–" : compact(stream.peak_viewers),
    stream.peak_viewers === null ? "not told by chat" : "at the same time",
  );
  card("gifts", compact(stream.gifts), giftsNote(stream.coins, stream.subs));
  card("earned", moneyFigure(stream.earned.amount, code), earnedNote(stream.earned));
  card(
    "length",
    duration(stream.duration_seconds),
    stream.ended_at ? `until ${clock(stream.ended_at)}` : "still running",
  );
}

function perChatter({ messages, chatters }) {
  return chatters ? `wrote ${decimal(messages / chatters)} each` : "nobody";
}

function card(name, figure, note) {
  const root = byId(`kpi-${name}`);
  part(root, "figure").textContent = figure;
  part(root, "note").textContent = note;
  part(root, "note").title = note;
}

function showGraph(answer) {
  const series = seriesOf(answer.stream.live ? withoutRunningMinute(answer) : answer);
  if (!series.counts.length || !series.counts.some(Boolean)) {
    explainGraph("message-circle", "No messages", "This stream had events, but nobody wrote.");
    return;
  }
  new HypeChart(byId("graph")).draw(series);
  new ChartNumbers(byId("graph-numbers"), "Messages per minute, newest first").show(series);
  byId("graph").setAttribute("aria-label", spoken(series));
  byId("graph-note").textContent = series.gaps.length ? `${plural(series.gaps.length, "gap")} without data` : "no gaps";
}

/** A minute that is not over yet would look like a plunge. */
function withoutRunningMinute(answer) {
  const { counts, times } = answer;
  return counts.length < 2 ? answer : { ...answer, counts: counts.slice(0, -1), times: times.slice(0, -1) };
}

function explainGraph(symbol, title, words) {
  byId("graph-empty").hidden = false;
  byId("graph-empty").replaceChildren(...empty(symbol, title, words).childNodes);
}

async function showChat() {
  if (loading) return;
  loading = true;
  const older = byId("chat-older");
  older.disabled = true;
  try {
    const answer = await getJson(`/api/streams/${id}/chat${query({ before, limit: CHAT_PAGE })}`);
    const { items, next, kept_since: keptSince } = answer;
    if (!items.length && before === null) byId("chat-lines").replaceChildren(make("li", {}, noChat(keptSince)));
    const added = addLines(items);
    if (next === null && keptSince && byId("chat-lines").querySelector("[data-id]"))
      byId("chat-lines").append(make("li.chat-end", {}, `What was said before ${day(keptSince)} has been deleted.`));
    before = next;
    older.hidden = next === null;
    if (added < items.length) lookAgain();
  } catch (error) {
    older.hidden = false;
    older.querySelector("span").textContent = `${error.message} – try again`;
  } finally {
    loading = false;
    older.disabled = false;
  }
}

function noChat(keptSince) {
  if (!keptSince) return empty("message-circle", "No chat", "Nobody wrote in this stream.");
  const words = `Messages are kept since ${day(keptSince)} only. The graph, the totals and the most used words stay.`;
  return empty("clock", "The chat of this stream has been deleted", words);
}

/** Newest first; the earlier ticks of a gift streak are in the line of its last. Answers how many lines it added. */
function addLines(items) {
  const lines = byId("chat-lines");
  const before = lines.children.length;
  for (const item of items) {
    const line = [...lines.children].find((one) => one.earliest && continuesStreak(item, one.earliest));
    if (line) line.earliest = item;
    else lines.append(Object.assign(chatLine(item), { earliest: item.extra?.streak ? item : null }));
  }
  return lines.children.length - before;
}

/** The end may still be in sight, and then nothing would tell of it: a page of one gift streak is one line. */
function lookAgain() {
  atTheEnd.unobserve(byId("chat-older"));
  atTheEnd.observe(byId("chat-older"));
}

byId("chat-older").addEventListener("click", showChat);
// Reaching the end by scrolling asks for more as well.
const atTheEnd = new IntersectionObserver(([end]) => end.isIntersecting && before !== null && showChat(), {
  root: byId("chat"),
  rootMargin: "120px",
});
atTheEnd.observe(byId("chat-older"));

show();
showChat();
