/** A figure that counts to its new value, for those who like motion. */

import { CountUp } from "../../vendor/countUp.min.js?v=2.9.0";
import { setText } from "./dom.js";
import { motionWelcome } from "./frame.js";

export class Counter {
  constructor(element, format, { decimals = 0 } = {}) {
    this.element = element;
    this.format = format;
    this.decimals = decimals;
    this.value = undefined;
  }

  /** `null` shows a dash: not known is not 0. */
  show(value) {
    if (value === this.value) return;
    const from = this.value;
    this.value = value;
    if (typeof from === "number" && value !== null && motionWelcome()) this.#count(from, value);
    else this.#set(value);
  }

  #set(value) {
    this.counting?.pauseResume();
    this.counting = null;
    setText(this.element, value === null ? "–" : this.format(value));
  }

  #count(from, to) {
    this.counting ??= new CountUp(this.element, from, {
      startVal: from,
      duration: 0.6,
      decimalPlaces: this.decimals,
      formattingFn: this.format,
      plugin: { render: setText }, // as text, where CountUp itself would write markup
    });
    this.counting.update(to);
  }
}
