/** The funnel's panel: which way of counting, and what it means in words. */

import { FunnelChart } from "../charts/funnel.js";
import { byId, setText } from "./dom.js";
import { number } from "./format.js";
import { BEFORE, STEP_NAMES, STEPS } from "./store-words.js";

const WAYS = {
  "at-all": "People who took a step, whatever they did before it",
  "in-order": "People who took every step before it first, within seven days",
};

export class FunnelPanel {
  constructor() {
    this.chart = new FunnelChart(byId("funnel"), byId("funnel-numbers"));
    this.way = "at-all";
    byId("funnel-way").addEventListener("change", (event) => {
      this.way = event.target.value;
      if (this.funnel) this.#draw();
    });
  }

  /** How often each step was taken, by whomever, in the range that is shown. */
  showEvents(taken) {
    this.taken = taken;
    if (this.funnel) this.#draw();
  }

  show(funnel, range) {
    this.funnel = funnel;
    this.range = range;
    this.#draw();
  }

  #draw() {
    const { funnel, way } = this;
    const chosen = (answer) => (way === "in-order" ? answer?.in_order : answer) ?? null;
    this.chart.show(chosen(funnel), chosen(funnel.previous), funnel.previous_missing);
    setText(byId("funnel-note"), this.#nameless() || `${WAYS[way]} · ${this.#compared()}`);
  }

  /** An empty funnel beside events that come in wants an explanation: people are counted by their id. */
  #nameless() {
    const steps = STEP_NAMES.filter((step) => this.taken?.[step] && !this.funnel.funnel_counts[step]);
    const names = steps.map((step) => STEPS[step][2]).join(", ");
    return names && `${names}: no event names a user_id (data-user of the script), so these people are not counted`;
  }

  #compared() {
    if (this.range === "all") return "since the first event";
    if (!this.funnel.previous) return "no comparison yet";
    return `mark: ${BEFORE[this.range]}, ${number(this.funnel.previous.total_users)} people`;
  }
}
