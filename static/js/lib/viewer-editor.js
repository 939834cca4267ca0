/** The form for what the team knows of a viewer. Sends what has changed and says beside each field what is wrong. */

import { byId, make, part, setText } from "./dom.js";
import { HttpError, onlyServer } from "./http.js";
import { sentence } from "./refusals.js";
import { editProfile, profile } from "./viewer-api.js";
import { Contested, same } from "./viewer-contested.js";
import { TagBox } from "./viewer-tags.js";

const TEXTS = {
  notes: "edit-notes",
  birthday: "edit-birthday",
  discord_username: "edit-discord",
  tts_voice: "edit-voice",
};
const SWITCHES = ["is_favorite", "is_moderator", "is_blocked"];
const ERRORS = { ...TEXTS, tags: "edit-tags" };

const REFUSALS = {
  403: "You may look at viewers, but not change them.",
  404: "They have been erased meanwhile: nothing can be kept of them any more.",
};

export class Editor {
  /** `saved(profile)` is called with the new profile. */
  constructor({ saved }) {
    this.form = byId("editor");
    this.saved = saved;
    this.before = {};
    this.tags = new TagBox(byId("edit-tags"), () => this.#changed());
    this.contested = new Contested(part(this.form, "contested"), { take: (name, value) => this.#take(name, value) });
    this.form.addEventListener("input", () => this.#changed());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    this.form.addEventListener("reset", (event) => {
      event.preventDefault();
      this.#fill(this.before);
      this.contested.clear();
      this.#clearErrors();
      this.#changed();
    });
  }

  offerVoices(voices) {
    const options = [{ value: "", label: "The stream's own" }, ...voices.filter(({ value }) => value)];
    byId(TEXTS.tts_voice).replaceChildren(...options.map(({ value, label }) => make("option", { value }, label)));
    if (this.before.tts_voice !== undefined) this.#fillVoice(this.before.tts_voice);
  }

  /**
   * A profile to edit. The same person again: fields that somebody is changing here keep what they hold. Answers whether
   * somebody else has changed one of them.
   */
  show(viewer, { again = false } = {}) {
    const mine = again ? this.#changes() : {};
    const before = this.before;
    this.before = known(viewer);
    this.address = viewer.address;
    this.#fill({ ...this.before, ...mine });
    if (!again) {
      this.contested.clear();
      this.#clearErrors();
      this.#tell("");
    }
    this.#changed({ quiet: true });
    const isContested = again && this.contested.compare(mine, before, this.before);
    if (isContested) this.#tell("Not saved: see the note above");
    return isContested;
  }

  get dirty() {
    return Object.keys(this.#changes()).length > 0 || this.#halfDate();
  }

  async save() {
    this.#clearErrors();
    if (this.#halfDate()) return this.#fault("birthday", "Write the whole date, or none of it");
    if (!Object.keys(this.#changes()).length || this.saving) return undefined;
    this.saving = true;
    this.#changed();
    try {
      // What others did while this page was cut off was not told to it.
      if (this.show(await profile(this.address), { again: true }))
        return part(this.form, "contested").scrollIntoView({ block: "nearest" });
      this.#took(await editProfile(this.address, this.#changes()));
    } catch (error) {
      onlyServer(error);
      this.#tell("Not saved");
      this.#explain(error);
    } finally {
      this.saving = false;
      this.#changed({ quiet: true });
    }
    return undefined;
  }

  #took(saved) {
    this.before = known(saved);
    this.#fill(this.before);
    this.contested.clear();
    this.saved(saved);
    this.#tell("Saved");
  }

  /** One of two values of a field that two people have written. */
  #take(name, value) {
    this.#fill({ ...this.#values(), [name]: value });
    this.#changed();
  }

  #tell(words) {
    setText(part(this.form, "state"), words);
  }

  /** Somebody wants to leave with changes: shows where they are kept or dropped. */
  remind() {
    this.#tell("Save or undo your changes first");
    part(this.form, "save").scrollIntoView({ block: "nearest" });
    part(this.form, "save").focus();
  }

  #values() {
    const values = Object.fromEntries(Object.entries(TEXTS).map(([name, id]) => [name, byId(id).value]));
    for (const name of SWITCHES) values[name] = this.form.elements[name].checked;
    return {
      ...values,
      notes: values.notes.replace(/\s+$/, ""),
      tags: this.tags.get(),
      birthday: values.birthday || null,
    };
  }

  #changes() {
    const values = this.#values();
    return Object.fromEntries(Object.entries(values).filter(([name, value]) => !same(value, this.before[name])));
  }

  #halfDate() {
    return byId(TEXTS.birthday).validity.badInput;
  }

  #fill(values) {
    for (const [name, id] of Object.entries(TEXTS)) {
      if (name !== "tts_voice" && byId(id).value !== (values[name] ?? "")) byId(id).value = values[name] ?? "";
    }
    this.#fillVoice(values.tts_voice ?? "");
    for (const name of SWITCHES) this.form.elements[name].checked = Boolean(values[name]);
    if (!same(this.tags.get(), values.tags)) this.tags.set(values.tags);
  }

  /** A voice that is not offered any more stays until another is chosen. */
  #fillVoice(voice) {
    const select = byId(TEXTS.tts_voice);
    if (![...select.options].some(({ value }) => value === voice))
      select.append(make("option", { value: voice }, voice));
    select.value = voice;
  }

  #changed({ quiet = false } = {}) {
    const { dirty } = this;
    part(this.form, "save").disabled = !dirty || Boolean(this.saving);
    part(this.form, "undo").disabled = !dirty || Boolean(this.saving);
    if (!quiet) this.#tell(this.saving ? "Saving…" : dirty ? "Not saved yet" : "");
    this.form.classList.toggle("dirty", dirty);
  }

  #explain(error) {
    const details = error instanceof HttpError ? error.details : [];
    const placed = details.filter(({ field, message }) => this.#fault(fieldOf(field), sentence(message)));
    if (placed.length && placed.length === details.length) return;
    const problem = part(this.form, "problem");
    problem.hidden = false;
    setText(problem, REFUSALS[error.status] ?? error.message);
  }

  #fault(name, words) {
    const id = ERRORS[name];
    if (!id) return false;
    const field = name === "tags" ? byId("edit-tag") : byId(id);
    const note = byId(`${id}-error`);
    note.hidden = false;
    setText(note, words);
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", note.id);
    field.focus();
    return true;
  }

  #clearErrors() {
    part(this.form, "problem").hidden = true;
    for (const [name, id] of Object.entries(ERRORS)) {
      byId(`${id}-error`).hidden = true;
      (name === "tags" ? byId("edit-tag") : byId(id)).removeAttribute("aria-invalid");
    }
  }
}

function known(viewer) {
  const texts = Object.fromEntries(Object.keys(TEXTS).map((name) => [name, viewer[name] ?? ""]));
  const switches = Object.fromEntries(SWITCHES.map((name) => [name, Boolean(viewer[name])]));
  return { ...texts, ...switches, birthday: viewer.birthday ?? null, tags: viewer.tags ?? [] };
}

/** "json.birthday" and "tags.0" mean the fields of these names. */
const fieldOf = (field) =>
  String(field)
    .split(".")
    .find((name) => Object.hasOwn(ERRORS, name)) ?? field;
