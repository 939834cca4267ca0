/** The marks a viewer carries: tier, roles, platform, whether they are here now. */

import { platformBadge } from "./chat-line.js";
import { badge, icon, make } from "./dom.js";

const HEX = /^#[0-9a-f]{6}$/i;

/** Gives an element the colour of a tier; what is no colour gives none. */
export function paint(element, colour) {
  if (HEX.test(colour ?? "")) element.style.setProperty("--tier", colour);
  else element.style.removeProperty("--tier");
  return element;
}

export function tierBadge({ vip_tier: name, vip_color: colour }) {
  return paint(make("span.tag.tier", { title: `VIP: ${name}` }, icon("crown"), make("bdi", {}, name)), colour);
}

/** Everything beside a name in a row of the list. */
export function marksOf(viewer) {
  return [
    platformBadge(viewer.platform),
    viewer.verified && badge("badge-check", "Verified on the platform", ""),
    viewer.is_moderator && badge("shield", "Moderator", "ours"),
    viewer.is_blocked && badge("ban", "Blocked: on no leaderboard or overlay", "danger"),
  ].filter(Boolean);
}
