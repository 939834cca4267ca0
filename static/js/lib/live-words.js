/** What the live page says where there is nothing to draw, and what its hype figure is measured against. */

import { empty, make } from "./dom.js";
import { plural } from "./format.js";

export function basisWords(stats) {
  if (!isHeard(stats)) return "no data: nobody listens to the chat";
  const { streams, source } = stats.hype_basis;
  if (source === "past_streams") return `against your last ${streams === 1 ? "stream" : plural(streams, "stream")}`;
  return source === "this_stream" ? "against this stream so far" : "nothing to compare with yet";
}

/** Whether somebody listens to a channel that is shown: if not, what is not heard is unknown, and not 0. */
export function isHeard({ channels }) {
  return !channels.length || channels.some(({ state }) => state === "connected" || state === "offline");
}

/** [title, line] for an empty chat; `away` says that the live line is down. */
export function chatHint(stats, away) {
  if (away) return ["Chat waits for the live line", "It appears here as soon as the line is back."];
  if (!stats) return null;
  if (!stats.channels.length) return ["No channel yet", "Chat appears here as soon as a channel is set."];
  return ["Quiet so far", "The next message appears here by itself."];
}

/** The empty state of the graph: what it waits for, or how to give it something. */
export function emptyGraph(stats, filter) {
  if (!stats.channels.length) {
    const line = [
      "Write ",
      make("code", {}, "CHANNEL=your_channel"),
      " into ",
      make("code", {}, ".env"),
      " and start the collector again.",
    ];
    return empty("radio", "No channel is set", line);
  }
  const shown = stats.channels.filter((channel) => !filter.channel || channel.name === filter.channel);
  const names = shown.map((channel) => `${channel.platform === "tiktok" ? "@" : "#"}${channel.name}`).join(", ");
  const title = stats.total_messages
    ? "No message in this span"
    : `Waiting for the first message of ${names || "the channel"}`;
  const well = stats.channels.every((channel) => ["connected", "offline"].includes(channel.state));
  return empty(
    "message-circle",
    title,
    well ? "The graph goes on with the next one, no reload needed." : "The chips above say how each channel stands.",
  );
}
