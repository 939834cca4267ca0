/** The room of goals: which there are, and the one that overlays show. */

import { byId, icon, make } from "./dom.js";
import { money, number } from "./format.js";
import { getJson, send } from "./http.js";
import { attempt, mayWrite, say, SettingsForm } from "./settings-form.js";

const GOALS = "/api/settings/goals";
const NAMES = { subs: "subscriptions", earned: "earned" };

export function openGoals() {
  new Goals().open();
}

class Goals {
  constructor() {
    this.goals = [];
    this.shown = null;
    this.said = document.getElementById("goals-said");
    if (mayWrite()) new SettingsForm(byId("goals-form"), { said: this.said, save: () => this.#add() });
  }

  async open() {
    this.#take(await getJson(GOALS).catch(() => ({ goals: [], shown: null })));
  }

  async #add() {
    const form = byId("goals-form");
    const { what, target, label } = form.elements;
    const goal = { what: what.value, target: Number(target.value), label: label.value.trim() };
    this.#take(await send("PUT", GOALS, { goals: [...this.goals, goal], shown: this.shown ?? this.goals.length }));
    form.reset();
    say(this.said, "Added.", "good");
  }

  async #put(goals, shown, done) {
    const answer = await attempt(this.said, () => send("PUT", GOALS, { goals, shown }), done);
    if (answer) this.#take(answer);
  }

  #take({ goals, shown }) {
    this.goals = goals;
    this.shown = shown;
    byId("goals-empty").hidden = goals.length > 0;
    const none = goals.length ? [this.#choice(null, "None")] : [];
    byId("goal-list").replaceChildren(
      byId("goal-list").firstElementChild,
      ...goals.map((goal, at) => this.#choice(at, wordsOf(goal))),
      ...none,
    );
  }

  #choice(at, words) {
    const radio = make("input", { type: "radio", name: "shown", checked: at === this.shown, disabled: !mayWrite() });
    radio.addEventListener("change", () => this.#put(this.goals, at, at === null ? "No goal is shown." : "It is shown now."));
    const label = make("label", {}, radio, make("span", {}, words));
    if (at === null || !mayWrite()) return make("div.goal-choice", {}, label);
    const remove = make("button.button.small.icon-only", { type: "button", "aria-label": `Remove ${words}` }, icon("trash-2"));
    remove.addEventListener("click", () => {
      const shown = this.shown === at ? null : this.shown > at ? this.shown - 1 : this.shown;
      this.#put(this.goals.toSpliced(at, 1), shown, "Removed.");
    });
    return make("div.goal-choice", {}, label, remove);
  }
}

function wordsOf({ what, target, label }) {
  const amount = what === "earned" ? money(target, { brief: true }) : number(target);
  const plain = `${amount} ${NAMES[what] ?? what}`;
  return label ? `${label} (${plain})` : plain;
}
