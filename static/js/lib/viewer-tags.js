/** A box of tags: write one, Enter or a comma adds it, Backspace in an empty box takes the last one back. */

import { icon, make, part, unseen } from "./dom.js";

export class TagBox {
  constructor(box, changed) {
    this.list = part(box, "tags");
    this.input = box.querySelector("input");
    this.changed = changed;
    this.value = [];
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.input.addEventListener("input", () => changed());
    this.input.addEventListener("blur", () => this.#add());
    box.addEventListener("click", (event) => event.target === box && this.input.focus());
  }

  set(tags) {
    this.value = [...tags];
    this.input.value = "";
    this.#draw();
  }

  /** The tags with what is being written: saving without Enter must not lose it. */
  get() {
    const written = this.input.value.trim();
    return written && !this.value.includes(written) ? [...this.value, written] : [...this.value];
  }

  #key(event) {
    if ((event.key === "Enter" || event.key === ",") && this.input.value.trim()) {
      event.preventDefault();
      this.#add();
    } else if (event.key === "Enter") event.preventDefault();
    else if (event.key === "Backspace" && !this.input.value && this.value.length) {
      this.value.pop();
      this.#draw();
      this.changed();
    }
  }

  #add() {
    this.value = this.get();
    this.input.value = "";
    this.#draw();
    this.changed();
  }

  #draw() {
    this.list.replaceChildren(
      ...this.value.map((tag) => {
        const remove = make("button", { type: "button" }, icon("x"), unseen(`Remove the tag ${tag}`));
        remove.addEventListener("click", () => {
          this.value = this.value.filter((one) => one !== tag);
          this.#draw();
          this.changed();
          this.input.focus();
        });
        return make("li.tag.removable", {}, make("bdi", {}, tag), remove);
      }),
    );
  }
}
