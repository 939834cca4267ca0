/** Wires the settings: each room by itself, and which of them is looked at. */

import { openAnomalies } from "../lib/settings-anomalies.js";
import { openGoals } from "../lib/settings-goals.js";
import { openIgnored } from "../lib/settings-ignored.js";
import { openMe } from "../lib/settings-me.js";
import { openOverlay } from "../lib/settings-overlay.js";
import { openSubs } from "../lib/settings-subs.js";
import { openTeam } from "../lib/settings-team.js";
import { openTokens } from "../lib/settings-tokens.js";
import { openWebhook } from "../lib/settings-webhook.js";

// By id: what makes a room's panel work, where the page has it.
const ROOMS = {
  me: openMe,
  team: openTeam,
  tokens: openTokens,
  overlay: openOverlay,
  goals: openGoals,
  ignored: openIgnored,
  subs: openSubs,
  anomalies: openAnomalies,
  webhook: openWebhook,
};

const links = [...document.querySelectorAll(".settings-rooms a")];

function mark() {
  const chosen = links.find((link) => link.hash === location.hash) ?? links[0];
  for (const link of links) {
    if (link === chosen) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

addEventListener("hashchange", mark);
mark();
for (const [id, open] of Object.entries(ROOMS)) if (document.getElementById(id)) open();
