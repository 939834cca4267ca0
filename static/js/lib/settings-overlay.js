/** The builder of overlays: what is chosen becomes an address, and a preview of it. */

import { byId, make } from "./dom.js";
import { getJson, send } from "./http.js";
import { goalWords } from "./settings-goals.js";
import { attempt, say } from "./settings-form.js";
import { copyFrom } from "./shown-once.js";

const USUAL = { widgets: "hype,ticker,alerts", minutes: "15", leaderboard: "comments", scope: "stream", accent: "14b8a6" };
const PREVIEW_WAIT_MS = 400;

export function openOverlay() {
  new Builder().open();
}

class Builder {
  constructor() {
    this.form = byId("overlay-form");
    this.said = byId("overlay-said");
    this.token = document.getElementById("overlay-token");
    this.timer = 0;
  }

  open() {
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", () => this.#draw(PREVIEW_WAIT_MS));
    byId("overlay-copy").addEventListener("click", () => this.#copy());
    document.getElementById("overlay-env-token")?.addEventListener("click", () => this.#useEnv());
    document.getElementById("overlay-new-token")?.addEventListener("click", () => this.#makeToken());
    addEventListener("streampulse:goals", ({ detail }) => this.#offerGoals(detail));
    this.#draw(0);
  }

  #draw(wait) {
    const ticked = this.#checked("widgets");
    for (const part of this.form.querySelectorAll("[data-for]")) part.hidden = !ticked.includes(part.dataset.for);
    const isNothing = !this.#widgets().length;
    byId("overlay-copy").disabled = isNothing;
    byId("overlay-url").value = isNothing ? "" : this.#address(this.token?.value.trim());
    if (isNothing) say(this.said, ticked.length ? "Choose at least one alert." : "Choose at least one widget.", "bad");
    else if (this.isNothing) say(this.said, "");
    this.isNothing = isNothing;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#preview(), wait);
  }

  /** An address that names no alerts means all of them: without any the widget is left out. */
  #widgets() {
    const hasAlerts = this.#checked("alerts").length > 0;
    return this.#checked("widgets").filter((name) => name !== "alerts" || hasAlerts);
  }

  /** Goals that are added, removed or renamed beside this room. */
  #offerGoals(goals) {
    const select = this.form.elements.goal;
    const chosen = select.value;
    const options = goals.map((goal) => {
      const value = `${goal.what}:${goal.target}`;
      return make("option", { value, selected: value === chosen, "data-label": goal.label }, goalWords(goal));
    });
    select.replaceChildren(select.options[0], ...options);
    this.#draw(PREVIEW_WAIT_MS);
  }

  /** The page's own login lets the preview in: its address needs no token. */
  #preview() {
    const frame = byId("overlay-preview");
    const address = this.isNothing ? "about:blank" : this.#address("");
    if (frame.src !== address) frame.src = address;
  }

  #address(token) {
    const search = Object.entries(this.#options())
      .filter(([name, value]) => value && value !== USUAL[name])
      .map(([name, value]) => `${name}=${encodeURIComponent(value).replaceAll("%2C", ",").replaceAll("%3A", ":")}`);
    if (token) search.push(`token=${encodeURIComponent(token)}`);
    return `${location.origin}/overlay${search.length ? `?${search.join("&")}` : ""}`;
  }

  #options() {
    const { elements } = this.form;
    const widgets = this.#widgets();
    const of = (widget, name) => (widgets.includes(widget) ? elements[name].value : "");
    const alerts = this.#checked("alerts");
    const [platform, channel] = elements.channel?.value.split(":") ?? [];
    return {
      widgets: widgets.join(","),
      minutes: of("hype", "minutes"),
      leaderboard: of("leaderboard", "leaderboard"),
      scope: of("leaderboard", "scope"),
      gifts: of("gifts", "gifts"),
      goal: of("goal", "goal"),
      goal_label: of("goal", "goal") && (elements.goal.selectedOptions[0].dataset.label ?? ""),
      alerts: widgets.includes("alerts") && alerts.length < elements.alerts.length ? alerts.join(",") : "",
      channel,
      platform: channel ? platform : "",
      accent: elements.accent.value.slice(1),
    };
  }

  #checked(name) {
    return [...this.form.querySelectorAll(`[name=${name}]:checked`)].map((box) => box.value);
  }

  async #useEnv() {
    const found = await attempt(this.said, () => getJson("/api/overlay/env-token"), "This is the one of .env.");
    if (found?.token) this.#use(found.token);
  }

  async #makeToken() {
    const order = { name: "Overlay", scopes: ["overlay"] };
    const words = "Made: it stands in the address now, and is not shown again.";
    const button = byId("overlay-new-token");
    button.disabled = true; // one press makes one token, however quickly it is pressed
    const made = await attempt(this.said, () => send("POST", "/api/tokens", order), words);
    button.disabled = false;
    if (!made) return;
    this.#use(made.token);
    dispatchEvent(new Event("streampulse:tokens"));
  }

  #use(token) {
    this.token.value = token;
    this.#draw(PREVIEW_WAIT_MS);
  }

  async #copy() {
    await copyFrom(byId("overlay-url"), this.said);
    if (this.form.dataset.needsToken && !this.token.value.trim())
      say(this.said, "Copied, but without a token OBS sees nothing.", "bad");
  }
}
