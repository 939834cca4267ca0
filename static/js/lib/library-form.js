/** The form that makes or changes a record, built from the description of its kind; refusals stand at their field. */

import { byId, make, part, setText } from "./dom.js";
import { HttpError, onlyServer } from "./http.js";
import { changeRecord, makeRecord } from "./library-api.js";
import { forgetOffered, offered } from "./library-choices.js";
import { inputFor } from "./library-inputs.js";
import { KINDS } from "./library-kinds.js";
import { sentence } from "./refusals.js";
import { toast } from "./toast.js";
import { askBeforeLeaving } from "./unsaved.js";

const PAIRED = new Set(["number", "moment", "plan", "text", "email", "password"]);

export class RecordForm {
  /** `saved(kind, record)` is called after each success. */
  constructor({ saved }) {
    this.saved = saved;
    this.dialog = byId("record");
    this.form = byId("record-form");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save();
    });
    this.form.addEventListener("input", () => setText(part(this.dialog, "state"), ""));
    part(this.dialog, "cancel").addEventListener("click", () => this.dialog.close());
    // Escape, or the corner: what was written is not lost by a slip. (A dialog's "cancel" can be refused only once.)
    this.dialog.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      this.#leave();
    });
    part(this.dialog, "close").addEventListener("click", () => this.#leave());
    askBeforeLeaving(() => this.dialog.open && this.#isChanged);
  }

  /** With a record: changes it; without: makes one. */
  async open(kind, record = null) {
    Object.assign(this, { kind, record, about: KINDS[kind] });
    const lists = await offered().catch(() => ({}));
    this.inputs = this.about.fields.map((field) => inputFor(field, `record-${field.name}`, { lists }));
    this.form.replaceChildren(this.#problem(), make("div.record-fields", {}, ...this.inputs.map(fieldOf)));
    for (const input of this.inputs) input.put(record ?? usualOf(input.field));
    this.before = this.#values();
    setText(byId("record-title"), record ? `Change ${this.about.named(record)}` : `Add a ${this.about.one}`);
    setText(part(this.dialog, "note"), record ? `${this.about.one} ${record.id}` : this.about.about);
    setText(part(this.dialog, "save"), record ? "Save" : `Add ${this.about.one}`);
    setText(part(this.dialog, "state"), "");
    this.dialog.showModal();
    (this.inputs.find((input) => !input.control.value) ?? this.inputs[0]).control.focus();
  }

  #problem() {
    this.problem = make("p.form-error", { role: "alert", hidden: true });
    return this.problem;
  }

  #values() {
    return Object.fromEntries(this.inputs.map((input) => [input.field.name, input.value]));
  }

  /** What differs from the record, or of a new one what was said. */
  #given() {
    const entries = Object.entries(this.#values());
    if (!this.record) return Object.fromEntries(entries.filter(([, value]) => value !== null && value !== ""));
    return Object.fromEntries(entries.filter(([name, value]) => value !== this.before[name]));
  }

  get #isChanged() {
    return JSON.stringify(this.#values()) !== JSON.stringify(this.before);
  }

  #leave() {
    if (!this.#isChanged) {
      this.dialog.close();
      return;
    }
    setText(part(this.dialog, "state"), "Save first, or cancel to lose what you wrote");
    part(this.dialog, "cancel").focus();
  }

  async #save() {
    if (this.saving || !this.#fits()) return;
    const given = this.#given();
    if (this.record && !Object.keys(given).length) {
      this.dialog.close();
      return;
    }
    this.#setSaving(true);
    try {
      const { kind, record: before } = this;
      const record = before ? await changeRecord(kind, before.id, given) : await makeRecord(kind, given);
      forgetOffered();
      this.dialog.close();
      toast(`${this.about.named(record)} ${before ? "saved" : "added"}`, { icon: "check" });
      this.saved(kind, record);
    } catch (error) {
      onlyServer(error);
      this.#explain(error);
    } finally {
      this.#setSaving(false);
    }
  }

  #setSaving(saving) {
    this.saving = saving;
    part(this.dialog, "save").disabled = saving;
  }

  /** What can be seen without asking the server; the rest is the server's to say. */
  #fits() {
    const wrong = this.inputs.filter((input) => {
      const missing = input.field.required && (input.value === null || input.value === "");
      const words = input.problem || (missing ? `${input.field.words} is needed.` : "");
      fault(input, words);
      return words;
    });
    this.problem.hidden = true;
    wrong[0]?.control.focus();
    return !wrong.length;
  }

  #explain(error) {
    const details = error instanceof HttpError ? error.details : [];
    const rest = details.filter(({ field, message }) => {
      const input = this.inputs.find((one) => one.field.name === field);
      if (input) fault(input, `${sentence(message)}.`.replace("..", "."));
      return !input;
    });
    this.form.querySelector("[aria-invalid=true]")?.focus();
    if (details.length && !rest.length) return;
    this.problem.hidden = false;
    setText(this.problem, error.status === 403 ? "You may look at the library, but not change it." : error.message);
  }
}

/** What a field holds before anybody wrote in it. */
function usualOf({ name, usual }) {
  if (usual === "now" || usual === undefined) return {}; // the server knows best what time it is
  return { [name]: usual === "currency" ? document.body.dataset.currency : usual };
}

function fieldOf(input) {
  const { field, id, element, control } = input;
  input.error = make("p.field-error", { id: `${id}-error`, hidden: true });
  const hint = field.hint && make("p.field-hint", { id: `${id}-hint` }, field.hint);
  control.setAttribute("aria-describedby", [hint && hint.id, input.error.id].filter(Boolean).join(" "));
  if (field.required) control.setAttribute("aria-required", "true");
  return make(
    PAIRED.has(field.type) ? "div.field.half" : "div.field",
    {},
    make("label", { for: id }, field.words),
    element,
    hint,
    input.error,
  );
}

function fault(input, words) {
  input.error.hidden = !words;
  setText(input.error, words);
  if (words) input.control.setAttribute("aria-invalid", "true");
  else input.control.removeAttribute("aria-invalid");
}
