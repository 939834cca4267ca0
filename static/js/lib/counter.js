/** A figure that counts to its new value, for those who like motion. */

import { CountUp } from "../../vendor/countUp.min.js?v=2.9.0";
import { setText } from "./dom.js";
import { motionWelcome } from "./frame.js";

// Between two figures on the way: each is a layout and a painting, and nobody reads sixty a second. All that count step
// at once, so that they share a frame.
const STEP_MS = 80;

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
    this.#rest();
    this.counting = null;
    setText(this.element, value === null ? "–" : this.format(value));
  }

  #count(from, to) {
    this.#rest();
    this.counting ??= this.#counting(from);
    this.counting.update(to);
  }

  #counting(from) {
    const counting = new CountUp(this.element, from, {
      startVal: from,
      duration: 0.6,
      decimalPlaces: this.decimals,
      formattingFn: this.format,
      plugin: { render: (_, text) => setText(this.element, text) }, // as text, where CountUp itself would write markup
      onCompleteCallback: () => setText(this.element, this.format(this.value)),
    });
    const step = counting.count; // asks for the next frame itself, which is sixty a second
    counting.count = () => {
      this.timer = setTimeout(() => step(performance.now()), STEP_MS - (performance.now() % STEP_MS));
    };
    return counting;
  }

  #rest() {
    clearTimeout(this.timer);
    cancelAnimationFrame(this.counting?.rAF);
  }
}
