/** Says how the page hears from the server, and below the page's head what keeps that from its database. */

import { everySecond } from "./clock.js";
import { POLL_SECONDS } from "./line.js";
import { icon, make, part, setText } from "./dom.js";

const WORDS = {
  connecting: ["attention", "Connecting", ""],
  connected: ["good", "Connected", ""],
  reconnecting: ["attention", "Reconnecting", "in"],
  polling: ["attention", `Polling every ${POLL_SECONDS} s`, "live again in"],
  unreachable: ["danger", "Server unreachable, retrying", "in"],
};

const IN_TROUBLE = ["danger", "Database trouble", "next try in"];

export class ConnectionChip {
  constructor(chip) {
    this.chip = chip;
    this.state = { kind: "connecting", retryAt: null, trouble: "" };
    this.words = make("span");
    this.outage = make("p.outage", { role: "alert", hidden: true }, icon("circle-alert"), this.words);
    chip.closest(".page-head").after(this.outage);
    everySecond(() => this.#draw());
  }

  show(state) {
    this.state = state;
    this.#draw();
  }

  #draw() {
    const [colour, words, before] = this.state.trouble ? IN_TROUBLE : WORDS[this.state.kind];
    const left = this.state.retryAt ? Math.max(0, Math.ceil((this.state.retryAt - Date.now()) / 1000)) : 0;
    this.chip.dataset.state = colour;
    setText(part(this.chip, "text"), words);
    const note = part(this.chip, "note");
    setText(this.words, this.state.trouble && `${this.state.trouble}.`);
    this.outage.hidden = !this.state.trouble;
    note.hidden = !before || !left;
    setText(note, left ? `${before} ${left} s` : "");
  }
}
