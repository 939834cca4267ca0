/** A box of tags: write one, Enter or a comma adds it, Backspace in an empty box takes the last one back; lists are taken apart. */

import { icon, make, part, unseen } from "./dom.js";

const SEPARATORS = /[,;]/; // no tag holds one

let isPressing = false; // the mouse, on anything
addEventListener("pointerdown", () => (isPressing = true), true);
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => (isPressing = false), true);

export class TagBox {
  constructor(box, changed) {
    this.list = part(box, "tags");
    this.input = box.querySelector("input");
    this.changed = changed;
    this.value = [];
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.input.addEventListener("input", () => changed());
    this.input.addEventListener("blur", () => this.#left());
    box.addEventListener("click", (event) => event.target === box && this.input.focus());
  }

  set(tags) {
    this.value = [...tags];
    this.input.value = "";
    this.#draw();
  }

  /** The tags with what is being written: saving without Enter must not lose it. */
  get() {
    const written = this.input.value.split(SEPARATORS).map((tag) => tag.trim());
    return [...new Set([...this.value, ...written.filter(Boolean)])];
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

  /** The box may grow by it: whatever is being pressed must not move away under the pointer, or the press is lost. */
  #left() {
    if (isPressing) addEventListener("pointerup", () => setTimeout(() => this.#add()), { once: true });
    else this.#add();
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
