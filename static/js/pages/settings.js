/** Wires the settings: each room by itself, and which of them is looked at. */

import { openAnomalies } from "../lib/settings-anomalies.js";
import { openSubs } from "../lib/settings-subs.js";
import { openWebhook } from "../lib/settings-webhook.js";

// By id: what makes a room's panel work, where the page has it.
const ROOMS = { anomalies: openAnomalies, subs: openSubs, webhook: openWebhook };

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
