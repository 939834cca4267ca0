/** Four cards: how many visitors are in each segment; each opens its people. */

import { Counter } from "./counter.js";
import { byId, part, setText } from "./dom.js";
import { compact, percent } from "./format.js";
import { oncePerFrame } from "./frame.js";

export class SegmentCards {
  /** `open({segment, label, rule, people, count})` shows the people of a card. */
  constructor(open) {
    this.cards = [...byId("segments").querySelectorAll("[data-segment]")].map((card) => ({
      card,
      counter: new Counter(part(card, "count"), compact),
      bar: card.querySelector(".segment-track i"),
    }));
    for (const { card } of this.cards) card.addEventListener("click", () => this.answer && open(this.#told(card)));
    this.draw = oncePerFrame(() => this.#draw());
  }

  show(answer) {
    this.answer = answer;
    this.draw();
  }

  #told({ dataset: { segment, label, rule } }) {
    return { segment, label, rule, people: this.answer[segment], count: this.answer.counts[segment] };
  }

  #draw() {
    const { counts, total_users: all } = this.answer;
    for (const { card, counter, bar } of this.cards) {
      const count = counts[card.dataset.segment];
      counter.show(count);
      setText(part(card, "share"), all ? percent((100 * count) / all) : "");
      bar.style.transform = `scaleX(${all ? (count / all).toFixed(4) : 0})`;
    }
  }
}
