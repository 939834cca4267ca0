/** Rows of the table of past streams. */

import { platformBadge } from "./chat-line.js";
import { make } from "./dom.js";
import { brief, channelName, clock, compact, day, money, plural, roughly } from "./format.js";

export function streamRow(stream) {
  const started = `${day(stream.started_at)}, ${clock(stream.started_at)}`;
  const title = make(
    "td",
    {},
    make(
      "span.line",
      {},
      make("a.stream-link", { href: `/streams/${stream.id}` }, started),
      stream.live && make("span.tag.accent", {}, "live"),
    ),
    make(
      "span.stream-channel",
      {},
      platformBadge(stream.platform),
      make("bdi", {}, channelName(stream.platform, stream.channel)),
    ),
  );
  return make(
    "tr.opens",
    {},
    title,
    figure("Length", roughly(stream.duration_seconds)),
    figure("Messages", compact(stream.messages)),
    figure("Chatters", compact(stream.chatters)),
    figure("Peak / min", compact(stream.peak_messages_per_minute)),
    figure("Peak viewers", stream.peak_viewers === null ? "–" : compact(stream.peak_viewers)),
    figure("Gifts and subs", giftsAndSubs(stream)),
    figure("Earned", money(stream.earned.amount, { code: stream.earned.currency }), "money"),
  );
}

/** Holds the place of a row that is on its way. */
export function skeletonRow(columns = 8) {
  return make(
    "tr",
    { "aria-hidden": "true" },
    ...Array.from({ length: columns }, () => make("td", {}, make("span.skeleton"))),
  );
}

function figure(label, text, className = "") {
  return make(className ? `td.number.${className}` : "td.number", { "data-label": label }, text);
}

function giftsAndSubs({ gifts, subs, bits }) {
  const parts = [gifts && plural(gifts, "gift"), subs && plural(subs, "sub"), bits && `${brief(bits)} bits`].filter(
    Boolean,
  );
  return parts.slice(0, 2).join(" · ") || "–";
}
