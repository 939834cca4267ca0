/** A figure that counts to its new value, for those who like motion. */

import { CountUp } from "../../vendor/countUp.min.js?v=2.9.0";
import { setText } from "./dom.js";
import { motionWelcome } from "./frame.js";

const STEP_MS = 80; // between two figures on the way: each is a layout and a painting, and nobody reads sixty a second

export class Counter {
  constructor(element, format, { decimals = 0 } = {}) {
    this.element = element;
    this.format = format;
    this.decimals = decimals;
    this.value = undefined;
    this.steppedAt = 0;
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

  #step(text) {
    const now = performance.now();
    if (now - this.steppedAt < STEP_MS) return;
    this.steppedAt = now;
    setText(this.element, text);
  }

  #count(from, to) {
    this.counting ??= new CountUp(this.element, from, {
      startVal: from,
      duration: 0.6,
      decimalPlaces: this.decimals,
      formattingFn: this.format,
      plugin: { render: (_, text) => this.#step(text) }, // as text, where CountUp itself would write markup
      onCompleteCallback: () => setText(this.element, this.format(this.value)),
    });
    this.counting.update(to);
  }
}
