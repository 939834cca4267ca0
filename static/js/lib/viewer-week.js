/** The page's heatmap: when everybody together is here. */

import { byId, empty, icon, make } from "./dom.js";
import { onlyServer } from "./http.js";
import { weekHours } from "./viewer-api.js";
import { drawHeatmap, gridOf } from "./viewer-heatmap.js";

export class Week {
  constructor() {
    this.place = byId("heat");
    this.measure = "events";
    byId("heat-measure").addEventListener("change", (event) => {
      this.measure = event.target.value;
      this.#draw();
    });
  }

  async load() {
    try {
      this.grid = gridOf(await weekHours());
      this.#draw();
    } catch (error) {
      onlyServer(error);
      if (!this.grid) this.#explain(error);
    }
  }

  #draw() {
    if (!this.grid) return;
    drawHeatmap(this.place, this.grid, this.measure, {
      caption: "When viewers are here",
      nothing:
        this.measure === "coins"
          ? ["No coins yet", "The first gift colours the hour it came in."]
          : ["No hours yet", "The first stream colours the hours in which something happens."],
    });
  }

  #explain(error) {
    const again = make("button.button.small", { type: "button" }, icon("refresh-cw"), "Try again");
    again.addEventListener("click", () => this.load());
    const words = empty("circle-alert", "The hours could not be read", error.message);
    words.append(again);
    this.place.replaceChildren(words);
  }
}
