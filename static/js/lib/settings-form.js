/** A form of settings: saves only what fits and has changed, and says beside each field what is wrong with it. */

import { byId, setText } from "./dom.js";
import { number } from "./format.js";
import { onlyServer } from "./http.js";
import { sentence } from "./refusals.js";
import { askBeforeLeaving } from "./unsaved.js";

const CHOSEN = ["radio", "checkbox"];
const MARKED = "Not saved: see what is marked.";

/** One line of how it went: kind "" | "good" | "bad". */
export function say(element, text, kind = "") {
  element.dataset.kind = kind;
  setText(element, text);
}

export class SettingsForm {
  /** `save()` is called when all fields fit; errors of the server that name a field are shown beside it. */
  constructor(form, { said, save }) {
    this.form = form;
    this.said = said;
    this.save = save;
    this.button = form.querySelector('[type="submit"]');
    this.fields = [...form.querySelectorAll("input, select")];
    form.addEventListener("input", () => this.#changed());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    askBeforeLeaving(() => this.isChanged);
    this.kept();
  }

  get isChanged() {
    return this.#values() !== this.saved;
  }

  /** What stands there now is what the server has. */
  kept() {
    this.saved = this.#values();
    for (const field of this.fields) this.#explain(field, "");
    if (this.button) this.button.disabled = true;
  }

  #values() {
    return JSON.stringify(this.fields.map((field) => (CHOSEN.includes(field.type) ? field.checked : field.value.trim())));
  }

  #changed() {
    for (const field of this.fields) if (field.validity.valid) this.#explain(field, "");
    if (this.button) this.button.disabled = !this.isChanged;
    say(this.said, this.isChanged ? "Not saved yet" : "");
  }

  async #submit() {
    const wrong = this.fields.filter((field) => !field.validity.valid);
    for (const field of this.fields) this.#explain(field, wrong.includes(field) ? wordsFor(field) : "");
    if (wrong.length) {
      say(this.said, MARKED, "bad");
      return wrong[0].focus();
    }
    this.button.disabled = true;
    say(this.said, "Saving …");
    try {
      await this.save();
      this.kept();
    } catch (error) {
      this.button.disabled = false;
      this.#refused(error);
    }
  }

  /** What has a place beside a field is said there, and not twice. */
  #refused(error) {
    const details = error.details ?? [];
    const placed = details.filter(({ field: path, message }) => {
      const name = String(path).split(".").find((part) => this.form.elements[part]);
      const field = name && this.form.elements[name];
      return field && this.#explain(field instanceof RadioNodeList ? field[0] : field, sentence(message));
    });
    const isAllPlaced = placed.length && placed.length === details.length;
    say(this.said, isAllPlaced ? MARKED : sentence(error.message), "bad");
  }

  #explain(field, words) {
    // The last that describes a field, or the group it is in, is where its faults are told.
    const described = field.closest("[aria-describedby]")?.getAttribute("aria-describedby") ?? "";
    const place = document.getElementById(described.split(" ").at(-1));
    if (!place) return false;
    field.toggleAttribute("aria-invalid", false);
    if (words) field.setAttribute("aria-invalid", "true");
    place.hidden = !words;
    setText(place, words);
    return true;
  }
}

function wordsFor(field) {
  const { validity } = field;
  if (validity.badInput || (validity.valueMissing && field.type === "number")) return "Write a number here.";
  if (validity.valueMissing) return "Write something here.";
  if (validity.tooShort) return `At least ${field.minLength} characters.`;
  if (validity.rangeUnderflow) return `At least ${number(Number(field.min))}.`;
  if (validity.rangeOverflow) return `At most ${number(Number(field.max))}.`;
  if (validity.typeMismatch) return "An address that begins with https:// or http://.";
  if (validity.stepMismatch) return "A whole number, without fractions.";
  return "This does not fit.";
}

/** Does an order of a button, and says what was in the way. */
export async function attempt(said, order, done = "") {
  try {
    const answer = await order();
    say(said, done, "good");
    return answer;
  } catch (error) {
    onlyServer(error);
    say(said, sentence(error.message), "bad");
    return null;
  }
}

/** A button that asks once more: its second press within five seconds does it. */
export function pressTwice(button, question, act) {
  const words = button.lastChild;
  const usual = words.textContent;
  let timer = 0;
  const calm = () => {
    clearTimeout(timer);
    timer = 0;
    words.textContent = usual;
  };
  button.addEventListener("blur", calm);
  button.addEventListener("click", () => {
    if (timer) {
      calm();
      act();
    } else {
      words.textContent = question;
      timer = setTimeout(calm, 5000);
    }
  });
}

export const isOwner = () => byId("settings").dataset.isOwner === "yes";
export const mayWrite = () => byId("settings").dataset.mayWrite === "yes";
