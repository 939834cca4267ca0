/** The goal that the settings show, followed as it is changed there; without one the overlay shows none. */

import { Goal } from "./goal.js";
import { getJson } from "./http.js";

const LOOK_MS = 8_000;

export class SavedGoal {
  constructor(root, source) {
    this.root = root;
    this.source = source;
    this.known = "";
    this.goal = null;
    this.stats = null;
    root.hidden = true;
    this.#look();
    setInterval(() => this.#look(), LOOK_MS);
  }

  show(stats) {
    this.stats = stats;
    this.goal?.show(stats);
  }

  async #look() {
    const found = await getJson("/api/overlay/goal", { token: this.source.token }).catch(() => null);
    const said = JSON.stringify(found?.goal ?? null);
    if (!found || said === this.known) return;
    this.known = said;
    this.root.hidden = !found.goal;
    this.goal = found.goal && new Goal(this.root, found.goal, this.source);
    if (this.stats) this.goal?.show(this.stats);
  }
}
