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
    await this.#change(({ goals, shown }) => ({ goals: [...goals, goal], shown: shown ?? goals.length }));
    form.reset();
    say(this.said, "Added.", "good");
  }

  /** `alter` makes of the goals as they are now what they shall be: somebody else may have changed them meanwhile. */
  async #change(alter) {
    this.#take(await send("PUT", GOALS, alter(await getJson(GOALS))));
  }

  #order(alter, done) {
    return attempt(this.said, () => this.#change(alter), done);
  }

  #show(goal) {
    const alter = ({ goals }) => {
      const at = goals.findIndex((one) => isSame(one, goal));
      return { goals, shown: at < 0 ? null : at };
    };
    return this.#order(alter, goal ? "It is shown now." : "No goal is shown.");
  }

  #remove(goal) {
    const alter = ({ goals, shown }) => {
      const at = goals.findIndex((one) => isSame(one, goal));
      if (at < 0) return { goals, shown };
      return { goals: goals.toSpliced(at, 1), shown: shown === at ? null : shown > at ? shown - 1 : shown };
    };
    return this.#order(alter, "Removed.");
  }

  #take({ goals, shown }) {
    dispatchEvent(new CustomEvent("streampulse:goals", { detail: goals })); // the builder of overlays offers them
    byId("goals-empty").hidden = goals.length > 0;
    const none = goals.length ? [this.#choice(null, "None", shown === null)] : [];
    byId("goal-list").replaceChildren(
      byId("goal-list").firstElementChild,
      ...goals.map((goal, at) => this.#choice(goal, goalWords(goal), shown === at)),
      ...none,
    );
  }

  #choice(goal, words, isShown) {
    const radio = make("input", { type: "radio", name: "shown", checked: isShown, disabled: !mayWrite() });
    radio.addEventListener("change", () => this.#show(goal));
    const label = make("label", {}, radio, make("span", {}, words));
    if (!goal || !mayWrite()) return make("div.goal-choice", {}, label);
    const remove = make("button.button.small.icon-only", { type: "button", "aria-label": `Remove ${words}` }, icon("trash-2"));
    remove.addEventListener("click", () => this.#remove(goal));
    return make("div.goal-choice", {}, label, remove);
  }
}

const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** "Road to 50 (50 subscriptions)". */
export function goalWords({ what, target, label }) {
  const amount = what === "earned" ? money(target, { brief: true }) : number(target);
  const plain = `${amount} ${NAMES[what] ?? what}`;
  return label ? `${label} (${plain})` : plain;
}
