/** Calm mode: hides what is counted live, on every page, until the stream ends. Loaded by the frame of all pages. */

import { getJson, onlyServer, send } from "./http.js";
import { toast } from "./toast.js";

const CALM = "/api/calm";
const LOOK_MS = 20_000;

const switches = () => document.querySelectorAll("[data-calm-switch]");
const isOn = () => document.body.dataset.calm === "on";

function show(on) {
  if (on) document.body.dataset.calm = "on";
  else delete document.body.dataset.calm;
  for (const button of switches()) {
    button.setAttribute("aria-pressed", String(on));
    const words = button.querySelector('[data-part="text"]');
    if (words) words.textContent = on ? "Show the figures again" : "Hide the figures";
  }
  const notice = document.getElementById("calm-notice");
  if (notice) notice.hidden = !on;
}

async function press() {
  try {
    show((await send("PUT", CALM, { on: !isOn() })).on);
  } catch (error) {
    onlyServer(error);
    toast(error.message, { icon: "circle-alert", attention: true });
  }
}

/** The server knows when the stream has ended, and what another tab has chosen. */
async function look() {
  if (document.hidden) return;
  try {
    const was = isOn();
    const { on } = await getJson(CALM);
    if (was && !on) toast("The stream is over: the figures are back", { icon: "activity" });
    if (was !== on) show(on);
  } catch (error) {
    onlyServer(error); // the next look may succeed
  }
}

addEventListener("streampulse:stream-ended", look);
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-calm-switch]")) press();
});
if (switches().length) setInterval(look, LOOK_MS);
