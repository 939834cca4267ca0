/** The rows of the table of viewers: made once, changed in place afterwards. */

import { icon, make, setText, unseen } from "./dom.js";
import { compact } from "./format.js";
import { avatar } from "./person.js";
import { addressOf, pageOf } from "./viewer-api.js";
import { marksOf, tierBadge } from "./viewer-badges.js";
import { namesOf, personOf, since, watchedRoughly } from "./viewer-words.js";

/** The columns after the name: [what they sort by, heading, how a profile's figure is written, class]. */
export const COLUMNS = [
  ["total_coins_spent", "Coins", compact, "number"],
  ["total_watchtime_seconds", "Watchtime", watchedRoughly, "number"],
  ["total_visits", "Visits", compact, "number"],
  ["total_gifts_sent", "Gifts", compact, "number"],
  ["total_comments", "Comments", compact, "number"],
  ["total_likes", "Likes", compact, "number roomy"],
  ["total_shares", "Shares", compact, "number roomy"],
  ["first_seen_at", "First seen", since, "number roomy"],
  ["last_seen_at", "Last seen", since, "number"],
];

export function viewerRow(viewer) {
  const row = make("tr.opens", { "data-address": addressOf(viewer) });
  row.face = make("td.person-cell");
  row.figures = COLUMNS.map(([field, label, , className]) =>
    make("td", { class: className, "data-label": label, "data-field": field }),
  );
  row.append(row.face, ...row.figures);
  fillRow(row, viewer);
  return row;
}

/** Writes only what has changed: nothing blinks, and a link that has the focus keeps it. */
export function fillRow(row, viewer) {
  const look = JSON.stringify([
    viewer.username,
    viewer.display_name,
    viewer.vip_tier,
    viewer.is_favorite,
    viewer.is_blocked,
    viewer.is_moderator,
    viewer.verified,
    viewer.tags,
  ]);
  if (row.look !== look) {
    row.look = look;
    row.face.replaceChildren(face(viewer));
  }
  row.viewer = viewer;
  row.classList.toggle("blocked", Boolean(viewer.is_blocked));
  for (const [index, [field, , write]] of COLUMNS.entries()) {
    const shown = write(viewer[field] ?? 0);
    if (typeof shown === "string") setText(row.figures[index], shown);
    else if (row.figures[index].textContent !== shown.textContent) row.figures[index].replaceChildren(shown);
  }
}

function face(viewer) {
  const { shown, login } = namesOf(viewer);
  const address = addressOf(viewer);
  return make(
    "div.person",
    {},
    make("span.avatar-place", {}, avatar(personOf(viewer)), make("i.presence", { title: "Here now" })),
    make(
      "div.person-words",
      {},
      make(
        "span.line",
        {},
        make(
          "a.name.person-link",
          { href: pageOf(address), "data-address": address },
          make("bdi", { title: shown }, shown),
        ),
        viewer.is_favorite &&
          make("span.mark", { title: "Favourite" }, icon("star", "badge favourite"), unseen("Favourite")),
      ),
      make(
        "span.line.person-marks",
        {},
        ...marksOf(viewer),
        viewer.vip_tier && tierBadge(viewer),
        make("bdi.person-login", {}, shown.toLowerCase() === login.toLowerCase() ? tagLine(viewer) : `@${login}`),
      ),
    ),
  );
}

function tagLine({ tags, platform }) {
  return tags?.length ? tags.slice(0, 3).join(" · ") : platform === "tiktok" ? "TikTok" : "Twitch";
}

/** Holds the place of a row that is on its way. */
export function skeletonRow() {
  return make(
    "tr.skeleton-row",
    { "aria-hidden": "true" },
    make(
      "td.person-cell",
      {},
      make("div.person", {}, make("span.avatar.skeleton"), make("span.skeleton.skeleton-name")),
    ),
    ...COLUMNS.map(([, , , className]) => make("td", { class: className }, make("span.skeleton"))),
  );
}
