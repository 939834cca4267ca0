/** The inputs of the library's forms and filters: one maker for each type a description can name. */

import { make } from "./dom.js";
import { RecordPicker } from "./record-picker.js";

/** What stands in a field as it is sent, null for nothing; `put` shows what a record holds. */
class Input {
  constructor(field, id, element, control = element) {
    Object.assign(this, { field, id, element, control });
  }

  get value() {
    return this.control.value.trim() || null;
  }

  put(record) {
    this.control.value = record[this.field.name] ?? "";
  }

  /** What the browser itself cannot make sense of. */
  get problem() {
    return this.control.validity?.badInput ? "This cannot be read." : "";
  }
}

class NumberInput extends Input {
  get value() {
    return this.control.value === "" ? null : Number(this.control.value);
  }

  get problem() {
    return this.control.validity.badInput ? "Write a number here." : "";
  }
}

class LinesInput extends Input {
  get value() {
    return this.control.value.trim();
  }
}

/** Passwords are taken as they are, and never come back. */
class PasswordInput extends Input {
  get value() {
    return this.control.value || null;
  }

  put() {
    this.control.value = "";
  }
}

/** In the server's zone: what is answered tells the time of day there, and what is sent without an offset means it. */
class MomentInput extends Input {
  put(record) {
    this.control.value = record[this.field.name]?.slice(0, this.field.type === "day" ? 10 : 16) ?? "";
  }
}

/** `field.label`: where a record keeps the name of the one it refers to. */
class RecordInput extends Input {
  constructor(field, id, changed) {
    const picker = new RecordPicker({ id, kind: field.kind, changed });
    super(field, id, picker.element, picker.input);
    this.picker = picker;
  }

  get value() {
    return this.picker.value;
  }

  put(record) {
    const id = record[this.field.name];
    this.picker.set(id ? { id } : null, record[this.field.label] ?? "");
  }
}

/** What is chosen stays a choice, also when it is not offered (any more). */
class SelectInput extends Input {
  put(record) {
    const value = String(record[this.field.name] ?? "");
    if (![...this.control.options].some((option) => option.value === value))
      this.control.append(make("option", { value }, record[this.field.label] ?? value));
    this.control.value = value;
  }
}

class PlanInput extends SelectInput {
  get value() {
    return this.control.value ? Number(this.control.value) : null;
  }
}

const MAKERS = {
  text: textInput,
  email: (field, id) => new Input(field, id, box(field, id, { type: "email", autocomplete: "off" })),
  password: (field, id) =>
    new PasswordInput(field, id, box(field, id, { type: "password", autocomplete: "new-password" })),
  number: numberInput,
  lines: (field, id) =>
    new LinesInput(field, id, make("textarea.input", { id, name: field.name, maxlength: field.most, dir: "auto" })),
  moment: (field, id) => new MomentInput(field, id, box(field, id, { type: "datetime-local", ...TIMES })),
  day: (field, id) => new MomentInput(field, id, box(field, id, { type: "date", ...DAYS })),
  choice: (field, id) => new SelectInput(field, id, select(field, id, Object.entries(field.choices))),
  known: (field, id, { lists }) => {
    const known = lists[field.list] ?? [];
    return new SelectInput(
      field,
      id,
      select(
        field,
        id,
        known.map((name) => [name, name]),
      ),
    );
  },
  plan: (field, id, { lists }) => {
    const plans = lists.plans ?? [];
    return new PlanInput(
      field,
      id,
      select(
        field,
        id,
        plans.map((plan) => [String(plan.id), plan.name]),
      ),
    );
  },
  record: (field, id, { changed }) => new RecordInput(field, id, changed),
};
const DAYS = { min: "1970-01-02", max: "2199-12-31" };
const TIMES = { min: `${DAYS.min}T00:00`, max: `${DAYS.max}T23:59` };

/** `lists` is what is offered (see library-choices.js); `changed()` is called where the browser tells of no change. */
export const inputFor = (field, id, { lists, changed = () => null }) =>
  MAKERS[field.type](field, id, { lists, changed });

const box = (field, id, more) => make("input.input", { id, name: field.name, maxlength: field.most, ...more });

function numberInput(field, id) {
  const limits = { step: field.step, min: field.least, max: field.greatest };
  return new NumberInput(field, id, box(field, id, { type: "number", inputmode: "decimal", ...limits }));
}

/** With `list`, what is there already is offered, and anything else can be written. */
function textInput(field, id, { lists }) {
  const input = box(field, id, { type: "text", autocomplete: "off", dir: "auto" });
  if (!field.list) return new Input(field, id, input);
  input.setAttribute("list", `${id}-known`);
  const known = (lists[field.list] ?? []).map((value) => make("option", { value }));
  return new Input(field, id, make("div", {}, input, make("datalist", { id: `${id}-known` }, ...known)), input);
}

function select(field, id, entries) {
  return make(
    "select.input",
    { id, name: field.name },
    make("option", { value: "" }, field.none),
    ...entries.map(([value, words]) => make("option", { value }, words)),
  );
}
