/** Says how the page hears from the server. */

import { everySecond } from "./clock.js";
import { POLL_SECONDS } from "./line.js";
import { part, setText } from "./dom.js";

const WORDS = {
  connecting: ["attention", "Connecting", ""],
  connected: ["good", "Connected", ""],
  reconnecting: ["attention", "Reconnecting", "in"],
  polling: ["attention", `Polling every ${POLL_SECONDS} s`, "live again in"],
  unreachable: ["danger", "Server unreachable, retrying", "in"],
};

export class ConnectionChip {
  constructor(chip) {
    this.chip = chip;
    this.state = { kind: "connecting", retryAt: null };
    everySecond(() => this.#draw());
  }

  show(state) {
    this.state = state;
    this.#draw();
  }

  #draw() {
    const [colour, words, before] = WORDS[this.state.kind];
    const left = this.state.retryAt ? Math.max(0, Math.ceil((this.state.retryAt - Date.now()) / 1000)) : 0;
    this.chip.dataset.state = colour;
    setText(part(this.chip, "text"), words);
    const note = part(this.chip, "note");
    note.hidden = !before || !left;
    setText(note, left ? `${before} ${left} s` : "");
  }
}
