/** Asks before a record is deleted, and says what stands in the way, with the way there. */

import { byId, make, part, setText } from "./dom.js";
import { onlyServer } from "./http.js";
import { addressOf } from "./library-address.js";
import { deleteRecord } from "./library-api.js";
import { forgetOffered } from "./library-choices.js";
import { KINDS } from "./library-kinds.js";
import { toast } from "./toast.js";

/** kind → the field by which others refer to it. */
const REFERRED_BY = { plans: "plan_id", users: "user_id", content: "content_id" };

export class DeleteDialog {
  /** `deleted(kind, record)` is called when it is gone. */
  constructor({ deleted }) {
    this.deleted = deleted;
    this.dialog = byId("delete");
    this.button = part(this.dialog, "delete");
    this.button.addEventListener("click", () => this.#delete());
    part(this.dialog, "cancel").addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("click", (event) => event.target.closest("a") && this.dialog.close());
  }

  open(kind, record) {
    Object.assign(this, { kind, record });
    const { one, named } = KINDS[kind];
    setText(byId("delete-title"), `Delete this ${one}?`);
    part(this.dialog, "what").replaceChildren(make("bdi", {}, named(record)));
    part(this.dialog, "refused").replaceChildren();
    this.button.disabled = false;
    this.dialog.showModal();
    part(this.dialog, "cancel").focus();
  }

  async #delete() {
    const { kind, record } = this;
    this.button.disabled = true;
    try {
      await deleteRecord(kind, record.id);
      forgetOffered();
      this.dialog.close();
      toast(`${KINDS[kind].named(record)} deleted`, { icon: "trash-2" });
      this.deleted(kind, record);
    } catch (error) {
      onlyServer(error);
      this.#explain(error);
    }
  }

  #explain(error) {
    const ways = error.status === 409 ? error.details.filter(({ field }) => field in KINDS) : [];
    const words = error.status === 403 ? "You may look at the library, but not change it." : error.message;
    this.button.disabled = error.status === 409;
    part(this.dialog, "refused").replaceChildren(
      make("p.form-error", { role: "alert" }, `${words.charAt(0).toUpperCase()}${words.slice(1)}.`),
      ...ways.map(({ field: kind, message }) =>
        make(
          "a.button.small",
          { href: addressOf({ tab: "records", kind, [REFERRED_BY[this.kind]]: this.record.id }) },
          `Show the ${message}`,
        ),
      ),
    );
  }
}
