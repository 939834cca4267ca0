/** One line of chat: who (marks, name), what, when. */

import { badge, icon, make } from "./dom.js";
import { clock, clockSeconds, platformName, plural } from "./format.js";
import { happening, isChat } from "./happenings.js";
import { colourOf } from "./person.js";

/** mark → [icon, words, colour class], in the order they are shown. */
const ROLES = {
  broadcaster: ["video", "Broadcaster", "ours"],
  staff: ["wrench", "Platform staff", ""],
  moderator: ["shield", "Moderator", "ours"],
  vip: ["gem", "VIP", "attention"],
  verified: ["badge-check", "Verified", ""],
  subscriber: ["star", "Subscriber", ""],
};
const LOOKS = ["action", "shared", "highlighted", "announcement"];

export function platformBadge(platform) {
  return badge(platform === "tiktok" ? "music-2" : "message-square-more", platformName(platform), platform);
}

export function roleBadges(marks) {
  return Object.entries(ROLES)
    .filter(([mark]) => marks.includes(mark))
    .map(([, [symbol, words, colour]]) => badge(symbol, words, colour));
}

/** `<li>` of one item; `data-id` is what a removal looks for. */
export function chatLine(item) {
  const marks = item.marks ?? [];
  const chat = isChat(item);
  const line = make("li.chat-line", { "data-id": item.id });
  line.classList.add(
    ...LOOKS.filter((look) => marks.includes(look)),
    `person-${colourOf(item.platform, item.login || item.user)}`,
  );
  line.append(make("time.chat-time", { datetime: item.at, title: clockSeconds(item.at) }, clock(item.at)));
  if (item.extra?.reply_to)
    line.append(make("div.chat-reply", {}, icon("reply"), make("bdi", {}, `replying to ${item.extra.reply_to}`)));
  line.append(
    make("span.badges", {}, platformBadge(item.platform), ...leadingBadges(item, marks), ...roleBadges(marks)),
  );
  line.append(...(chat ? saidParts(item, marks) : happenedParts(item, line)));
  return line;
}

function leadingBadges(item, marks) {
  const found = [];
  if (marks.includes("shared")) found.push(badge("share-2", "Said in another channel of the shared chat", ""));
  if (marks.includes("announcement")) found.push(badge("megaphone", "Announcement", "attention"));
  return found;
}

function saidParts(item, marks) {
  return [
    make("bdi.chat-name", { title: item.user || item.login }, item.user || item.login),
    marks.includes("action") ? " " : ": ",
    marks.includes("first") && make("span.tag.attention", {}, "first time"),
    item.amount > 0 && make("span.tag.money", {}, icon("gem"), plural(item.amount, "bit")),
    make("span.chat-text", {}, item.text),
  ].filter(Boolean);
}

function happenedParts(item, line) {
  const { icon: symbol, colour, words } = happening(item);
  line.classList.add("event");
  if (colour) line.classList.add(colour);
  const parts = [icon(symbol, "badge"), " "];
  if (item.user || item.login) parts.push(make("bdi.chat-name", {}, item.user || item.login), " ");
  parts.push(make("span.chat-text", {}, words));
  if (item.text) parts.push(make("div.chat-text", {}, item.text));
  return parts;
}
