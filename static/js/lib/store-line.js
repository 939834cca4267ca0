/** The shop's line to the server: the figures that are pushed cover one range. */

import { Line } from "./line.js";

const PUSHES = ["initial_data", "new_event", "stats_update", "funnel_update", "segmentation_update", "anomaly_update"];

/** `on`: see Line. */
export class StoreLine extends Line {
  constructor({ range, on }) {
    super({ pushes: PUSHES, on }); // it asks for its range by itself
    this.range = range;
  }

  /** Another range: answers whether its figures will be pushed, all of them at once to begin with. */
  setRange(range) {
    this.range = range;
    if (this.connected) this.greetAnew();
    return this.connected;
  }

  async greet() {
    const answer = await this.call("store:subscribe", { range: this.range });
    return Boolean(answer?.success);
  }
}
