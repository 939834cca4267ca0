/** One tier in the editor of tiers: name, colour, what it takes, what it gives, and its place among the others. */

import { icon, make, part, setText, unseen } from "./dom.js";
import { number } from "./format.js";
import { paint } from "./viewer-badges.js";

const FIGURES = [
  ["coins", "Coins"],
  ["watch_hours", "Hours watched"],
  ["visits", "Visits"],
];

let made = 0;

export class TierRow {
  /** `on`: changed(), move(row, step), remove(row). Without `canWrite` the tier is only told. */
  constructor(tier, { canWrite, on }) {
    this.id = tier.id;
    this.key = `tier-${(made += 1)}`;
    this.element = canWrite ? this.#form(tier, on) : this.#told(tier);
    paint(this.element, tier.color);
  }

  /** As the server takes it; a figure that is none is sent as it is, for the server to say so. */
  get value() {
    const figure = (name) => {
      const text = this.inputs[name].value.trim();
      return text === "" ? 0 : Number(text);
    };
    return {
      ...(this.id ? { id: this.id } : {}),
      name: this.inputs.name.value,
      color: this.inputs.color.value,
      coins: figure("coins"),
      watch_hours: figure("watch_hours"),
      visits: figure("visits"),
      benefits: this.inputs.benefits.value
        .split("\n")
        .map((line) => line.trim())
        .filter(Boolean),
    };
  }

  place(index, count) {
    if (!this.inputs) return;
    part(this.element, "up").disabled = index === 0;
    part(this.element, "down").disabled = index === count - 1;
    part(this.element, "remove").disabled = count === 1;
    setText(part(this.element, "rank"), String(index + 1));
  }

  fault(field, words) {
    const input = this.inputs[field] ?? this.inputs.name;
    const note = part(this.element, "error");
    note.hidden = false;
    setText(note, `${note.textContent ? `${note.textContent} · ` : ""}${words}`);
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", note.id);
    return input;
  }

  clear() {
    const note = part(this.element, "error");
    note.hidden = true;
    setText(note, "");
    for (const input of Object.values(this.inputs)) input.removeAttribute("aria-invalid");
  }

  #form(tier, on) {
    this.inputs = {
      name: make("input.input", {
        id: `${this.key}-name`,
        type: "text",
        maxlength: 32,
        value: tier.name,
        autocomplete: "off",
        dir: "auto",
      }),
      color: make("input.tier-color", { id: `${this.key}-color`, type: "color", value: tier.color || "#14B8A6" }),
      benefits: make("textarea.input", {
        id: `${this.key}-benefits`,
        rows: 2,
        dir: "auto",
        placeholder: "One benefit a line",
      }),
    };
    this.inputs.benefits.value = (tier.benefits ?? []).join("\n");
    for (const [name] of FIGURES)
      this.inputs[name] = make("input.input", {
        id: `${this.key}-${name}`,
        type: "number",
        min: 0,
        step: 1,
        inputmode: "numeric",
        value: tier[name] ?? 0,
      });
    const row = make(
      "li.tier-row",
      {},
      make(
        "div.tier-top",
        {},
        make("span.tier-rank", {}, unseen("Tier "), make("span", { "data-part": "rank" })),
        this.#field("color", "Colour", "tier-field-color"),
        this.#field("name", "Name", "tier-field-name"),
        button("up", "arrow-up", "Rank lower", () => on.move(this, -1)),
        button("down", "arrow-down", "Rank higher", () => on.move(this, 1)),
        button("remove", "trash-2", "Remove this tier", () => on.remove(this)),
      ),
      make("div.tier-figures", {}, ...FIGURES.map(([name, label]) => this.#field(name, label))),
      this.#field("benefits", "Benefits"),
      make("p.field-error", { id: `${this.key}-error`, "data-part": "error", hidden: true }),
    );
    row.addEventListener("input", () => {
      paint(row, this.inputs.color.value);
      on.changed();
    });
    return row;
  }

  #field(name, label, className = "") {
    const field = make("div.field", {}, make("label", { for: `${this.key}-${name}` }, label), this.inputs[name]);
    if (className) field.classList.add(className);
    return field;
  }

  #told(tier) {
    const takes = FIGURES.map(([name, label]) => `${number(tier[name])} ${label.toLowerCase()}`).join(" · ");
    return make(
      "li.tier-row.told",
      {},
      make(
        "p.tier-top",
        {},
        make("i.tier-spot", { "aria-hidden": "true" }),
        make("strong", {}, make("bdi", {}, tier.name)),
        make("span.panel-note", {}, takes),
      ),
      tier.benefits?.length
        ? make("ul.benefits", {}, ...tier.benefits.map((line) => make("li", {}, make("bdi", {}, line))))
        : null,
    );
  }
}

function button(name, symbol, words, act) {
  const made = make(
    "button.button.icon-only.small",
    { type: "button", "data-part": name, title: words },
    icon(symbol),
    unseen(words),
  );
  made.addEventListener("click", act);
  return made;
}
