/** Deleting all events of the shop: only after the words were written, and for good. */

import { byId, part, setText } from "./dom.js";
import { plural } from "./format.js";
import { onlyServer } from "./http.js";
import { deleteEvents } from "./store-api.js";
import { toast } from "./toast.js";

const WORDS = "delete all events";

export class DeleteDialog {
  /** `total()` answers how many there are; `deleted()` is called when they are gone. */
  constructor({ total, deleted }) {
    Object.assign(this, { total, deleted });
    this.dialog = byId("delete");
    this.input = byId("delete-word");
    this.error = byId("delete-error");
    this.button = byId("delete-form").querySelector("button[type=submit]");
    byId("open-delete").addEventListener("click", () => this.#open());
    this.input.addEventListener("input", () => (this.button.disabled = !this.#confirmed()));
    byId("delete-form").addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#confirmed()) this.#delete();
    });
  }

  #open() {
    const count = this.total();
    setText(part(this.dialog, "count"), count === undefined ? "All events" : `All ${plural(count, "event")}`);
    this.input.value = "";
    this.error.hidden = true;
    this.button.disabled = true;
    this.dialog.showModal();
    this.input.focus();
  }

  #confirmed() {
    return this.input.value.trim().toLowerCase() === WORDS;
  }

  async #delete() {
    this.button.disabled = true;
    try {
      const { deleted } = await deleteEvents();
      this.dialog.close();
      toast(`${plural(deleted, "event")} deleted`, { icon: "trash-2" });
      this.deleted();
    } catch (error) {
      onlyServer(error);
      this.error.hidden = false;
      setText(this.error, error.message);
      this.button.disabled = false;
    }
  }
}
