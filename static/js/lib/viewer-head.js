/** Who a viewer is: the head of the dialog, their figures, and what the platform tells of them. */

import { byId, icon, make, part, setText } from "./dom.js";
import { compact, number, plural } from "./format.js";
import { colourOf, initialsOf } from "./person.js";
import { marksOf, tierBadge } from "./viewer-badges.js";
import { voiceName } from "./viewer-voices.js";
import { birthdayDate, countryName, languageName, moment, namesOf, personOf, since, watched, watchedRoughly } from "./viewer-words.js";

/** Field → [label, how it is written, icon]; the order they are shown in. */
const TOTALS = [
  ["total_coins_spent", "Coins", compact, "coins"],
  ["total_watchtime_seconds", "Watched", watchedRoughly, "clock"],
  ["total_visits", "Visits", compact, "door-open"],
  ["total_gifts_sent", "Gifts", compact, "gift"],
  ["total_comments", "Comments", compact, "message-square"],
  ["total_likes", "Likes", compact, "heart"],
  ["total_shares", "Shares", compact, "share-2"],
  ["loyalty_points", "Loyalty", compact, "gem"],
];

export function showHead(viewer, { online }) {
  const head = byId("viewer-head");
  const { shown, login } = namesOf(viewer);
  const face = personOf(viewer);
  const avatar = part(head, "avatar");
  avatar.className = `avatar big person-${colourOf(face.platform, face.login || face.user)}`;
  setText(avatar, initialsOf(shown));
  setText(part(head, "name"), shown);
  part(head, "name").title = shown;
  const former = (viewer.names ?? []).map((one) => one.username).filter((name) => name !== login);
  part(head, "line").replaceChildren(
    make("bdi", {}, `@${login}`),
    ...(former.length
      ? [make("span", {}, "formerly ", make("bdi", {}, [...new Set(former)].slice(0, 3).join(", ")))]
      : []),
    online
      ? make("span.here", {}, make("i.dot", { "aria-hidden": "true" }), "here now")
      : make("span", {}, "seen ", since(viewer.last_seen_at)),
  );
  part(head, "tags").replaceChildren(
    ...marksOf(viewer),
    ...(viewer.vip_tier ? [tierBadge(viewer)] : []),
    ...(viewer.tags ?? []).map((tag) => make("span.tag", {}, make("bdi", {}, tag))),
  );
}

export function showTotals(viewer) {
  const place = part(byId("panel-profile"), "totals");
  const figures = TOTALS.map(([field, label, write, symbol]) =>
    make(
      "div.total",
      { title: field === "total_watchtime_seconds" ? watched(viewer[field]) : number(viewer[field] ?? 0) },
      make("dt", {}, icon(symbol), label),
      make("dd", {}, write(viewer[field] ?? 0)),
    ),
  );
  place.replaceChildren(...figures);
}

export function showAbout(viewer) {
  const told = [
    ["First seen", moment(viewer.first_seen_at)],
    ["Last seen", moment(viewer.last_seen_at)],
    ["Bits", viewer.total_bits && number(viewer.total_bits)],
    [
      "Followers",
      viewer.follower_count !== null && viewer.follower_count !== undefined && compact(viewer.follower_count),
    ],
    [
      "Follows",
      viewer.following_count !== null && viewer.following_count !== undefined && compact(viewer.following_count),
    ],
    ["Country", countryName(viewer.country)],
    ["Language", languageName(viewer.language)],
    ["Gender", viewer.gender],
    ["Bio", viewer.bio],
    ["Platform id", viewer.platform_user_id],
  ];
  part(byId("panel-profile"), "about").replaceChildren(...facts(told));
}

/** For those who may only look: what the editor would show. */
export function showKnown(viewer) {
  const known = [
    ["Notes", viewer.notes],
    [
      "Birthday",
      viewer.birthday && `${birthdayDate(viewer.birthday)}${viewer.age ? ` (${plural(viewer.age, "year")} old)` : ""}`,
    ],
    ["Discord", viewer.discord_username],
    ["Voice", viewer.tts_voice && voiceName(viewer.tts_voice)],
    ["Tags", viewer.tags?.join(", ")],
  ];
  const place = part(byId("known"), "known");
  const shown = facts(known);
  place.replaceChildren(...(shown.length ? shown : [make("p.panel-note", {}, "Nothing noted yet.")]));
}

function facts(told) {
  return told
    .filter(([, words]) => words)
    .map(([label, words]) => make("div.fact", {}, make("dt", {}, label), make("dd", {}, make("bdi", {}, words))));
}
