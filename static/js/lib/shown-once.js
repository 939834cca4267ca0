/** A secret that is shown now and never again, and can be copied. */

import { byId, part, setText } from "./dom.js";
import { say } from "./settings-form.js";

export class ShownOnce {
  /** `said`: where it is told whether copying worked. */
  constructor(id, said) {
    this.root = byId(id);
    this.text = part(this.root, "text");
    part(this.root, "copy").addEventListener("click", () => copyFrom(this.text, said));
  }

  show(secret) {
    setText(this.text, secret);
    this.root.hidden = false;
  }

  hide() {
    setText(this.text, "");
    this.root.hidden = true;
  }
}

/** Copies what stands in an element; where the browser refuses, selects it. */
export async function copyFrom(element, said) {
  try {
    await navigator.clipboard.writeText(element.value ?? element.textContent);
    say(said, "Copied.", "good");
  } catch {
    if (element.select) element.select();
    else getSelection().selectAllChildren(element);
    say(said, "The browser does not let this page copy: it is selected, copy it by keyboard.");
  }
}
