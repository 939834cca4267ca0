/** Erasing a person: only after their name was written, and for good. */

import { byId, part, setText } from "./dom.js";
import { onlyServer } from "./http.js";
import { eraseViewer } from "./viewer-api.js";
import { namesOf } from "./viewer-words.js";

export class EraseForm {
  /** `erased(viewer)` is called when the person is gone. */
  constructor({ erased }) {
    this.form = byId("erase");
    this.input = byId("erase-name");
    this.button = this.form.querySelector("button");
    this.erased = erased;
    this.input.addEventListener("input", () => (this.button.disabled = !this.#confirmed()));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#confirmed()) this.#erase();
    });
  }

  show(viewer) {
    this.viewer = viewer;
    setText(part(this.form, "expected"), namesOf(viewer).login);
    this.input.value = "";
    byId("erase-remember").checked = false;
    byId("erase-error").hidden = true;
    this.button.disabled = true;
  }

  #confirmed() {
    return this.input.value.trim().replace(/^@/, "").toLowerCase() === namesOf(this.viewer).login.toLowerCase();
  }

  async #erase() {
    this.button.disabled = true;
    try {
      await eraseViewer(this.viewer.address, byId("erase-remember").checked);
      this.erased(this.viewer);
    } catch (error) {
      onlyServer(error);
      byId("erase-error").hidden = false;
      setText(byId("erase-error"), error.status === 403 ? "Only who may change viewers can erase one." : error.message);
      this.button.disabled = false;
    }
  }
}
