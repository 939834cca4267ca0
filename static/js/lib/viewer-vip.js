/** A viewer's tier: how it came about, how far the next one is, and setting it by hand. */

import { byId, icon, make, part } from "./dom.js";
import { compact, day, number } from "./format.js";
import { HttpError, onlyServer } from "./http.js";
import { toast } from "./toast.js";
import { changeVip } from "./viewer-api.js";
import { paint, tierBadge } from "./viewer-badges.js";

const HOW = {
  automatic: "automatic, by what they have given and watched",
  set: "set by hand, automation leaves it",
  removed: "taken away by hand, automation leaves it",
};

export class VipCard {
  /** `changed(profile)` is called with the new profile. */
  constructor({ canWrite, changed }) {
    this.card = byId("vip-card");
    this.canWrite = canWrite;
    this.changed = changed;
    this.tiers = [];
  }

  show(viewer, tiers) {
    this.viewer = viewer;
    this.tiers = [...tiers].sort((one, other) => (one.rank ?? 0) - (other.rank ?? 0));
    // Who is choosing a tier is not to lose what they have chosen.
    const choosing = this.card.contains(document.activeElement) && this.address === viewer.address;
    this.address = viewer.address;
    if (choosing) this.status?.replaceChildren(...this.#status());
    else part(this.card, "vip").replaceChildren(...this.#parts());
  }

  #parts() {
    this.status = make("div.vip-status", {}, ...this.#status());
    return [this.status, ...(this.canWrite ? [this.#controls()] : [])];
  }

  #status() {
    const { viewer } = this;
    const source = viewer.vip_source ?? "automatic";
    const line = viewer.vip_tier
      ? [
          tierBadge(viewer),
          make("span", {}, `${HOW[source]}${viewer.vip_since ? `, VIP since ${day(viewer.vip_since)}` : ""}`),
        ]
      : [make("span", {}, source === "removed" ? `No tier: ${HOW.removed}` : "No tier yet")];
    const next = source === "automatic" ? this.#next() : null;
    return [make("p.vip-line", {}, ...line), ...(next ? [this.#progress(next)] : [])];
  }

  #next() {
    const at = this.tiers.findIndex(({ name }) => name === this.viewer.vip_tier);
    return this.tiers[at + 1] ?? null;
  }

  #progress(tier) {
    const { total_coins_spent: coins, total_watchtime_seconds: seconds, total_visits: visits } = this.viewer;
    const steps = [
      ["Coins", coins, tier.coins, compact],
      ["Hours", Math.floor(seconds / 3600), tier.watch_hours, number],
      ["Visits", visits, tier.visits, number],
    ].filter(([, , need]) => need);
    return make(
      "div.vip-next",
      {},
      make("p.panel-note", {}, "On the way to ", make("bdi", {}, tier.name)),
      ...steps.map(([label, have, need, write]) => {
        const reached = have >= need;
        const bar = make("span.meter-bar");
        bar.style.transform = `scaleX(${Math.min(1, have / need).toFixed(4)})`;
        return make(
          "div.meter",
          {},
          make("span", {}, label),
          paint(make("span.meter-track", { "aria-hidden": "true" }, bar), tier.color),
          make("span.meter-count", {}, reached ? `${write(need)} reached` : `${write(have)} of ${write(need)}`),
        );
      }),
    );
  }

  #controls() {
    const { viewer } = this;
    const proposed = viewer.vip_tier ?? this.tiers[0]?.name;
    const select = make(
      "select.input.compact",
      { "aria-label": "Tier to set by hand" },
      ...[...this.tiers]
        .reverse()
        .map(({ name }) => make("option", { value: name, selected: name === proposed }, name)),
    );
    const buttons = [
      select,
      this.#button("Set", "crown", () => ({ tier: select.value })),
      (viewer.vip_tier || viewer.vip_source !== "removed") &&
        this.#button(viewer.vip_tier ? "Remove" : "Keep out", "x", () => ({ remove: true })),
      viewer.vip_source !== "automatic" && this.#button("Back to automatic", "rotate-ccw", () => ({ reset: true })),
    ];
    return make("div.vip-controls", {}, ...buttons.filter(Boolean));
  }

  #button(words, symbol, change) {
    const button = make("button.button.small", { type: "button" }, icon(symbol), words);
    button.addEventListener("click", () => this.#change(change(), button));
    return button;
  }

  async #change(change, button) {
    button.disabled = true;
    try {
      const profile = await changeVip(this.viewer.address, change);
      button.blur(); // the controls are made anew; the news that follows says what has happened
      this.changed(profile);
      this.card.querySelector("select").focus();
    } catch (error) {
      onlyServer(error);
      const words =
        error instanceof HttpError && error.status === 403 ? "You may look, but not change tiers." : error.message;
      toast(words, { icon: "circle-alert", attention: true });
      button.disabled = false;
    }
  }
}
