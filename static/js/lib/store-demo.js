/** Made-up journeys and anomalies; where real events are, only after asking. */

import { byId, icon, make } from "./dom.js";
import { HttpError, onlyServer } from "./http.js";
import { makeDemo } from "./store-api.js";

const REFUSED = 409;

export class DemoButtons {
  /** `made()` is called when there is something new. */
  constructor(made) {
    this.made = made;
    this.said = byId("demo-said");
    this.buttons = [...byId("demo").querySelectorAll("[data-demo]")];
    for (const button of this.buttons) button.addEventListener("click", () => this.#make(button.dataset.demo));
  }

  async #make(what, { force = false } = {}) {
    this.#busy(true);
    this.#say("refresh-cw", "Making them …");
    try {
      const answer = await makeDemo(what, { force });
      this.#say("check", sentence(answer.message));
      this.made();
    } catch (error) {
      onlyServer(error);
      this.#refused(error, what, force);
    } finally {
      this.#busy(false);
    }
  }

  #refused(error, what, forced) {
    const isGuard = error instanceof HttpError && error.status === REFUSED && !forced;
    // What comes in brackets is for programs: people have the button.
    this.#say("triangle-alert", error.message.replace(/ \(send .*\)$/, ""), "refused");
    if (!isGuard) return;
    const anyway = make("button.button.small.danger", { type: "button" }, "Mix them in anyway");
    anyway.addEventListener("click", () => this.#make(what, { force: true }));
    this.said.append(anyway);
  }

  #say(symbol, words, tone = "") {
    const line = make("p.demo-line", {}, icon(symbol), make("span", {}, words));
    if (tone) line.classList.add(tone);
    this.said.replaceChildren(line);
  }

  #busy(on) {
    for (const button of this.buttons) button.disabled = on;
  }
}

const sentence = (words) => words.charAt(0).toUpperCase() + words.slice(1);
