/** One member of the library: who they are, what they watched and paid, and what they may like next. */

import { byId, empty } from "./dom.js";
import { onlyServer } from "./http.js";
import { goTo } from "./library-address.js";
import { record, recommendations, userStats } from "./library-api.js";
import { MemberSheet } from "./library-member-show.js";
import { RecordPicker } from "./record-picker.js";

export class Members {
  constructor() {
    this.picker = new RecordPicker({
      id: "member-picker",
      kind: "users",
      placeholder: "Name or e-mail",
      changed: (user) => {
        this.user = user?.id ?? null;
        goTo(this.place);
        this.load();
      },
    });
    byId("member-place").append(this.picker.element);
    this.sheet = new MemberSheet();
    this.user = null;
  }

  get place() {
    return { tab: "members", user: this.user ?? "" };
  }

  follow({ user = "" }) {
    const wanted = /^[1-9]\d{0,14}$/.test(user) ? Number(user) : null;
    if (wanted === this.user && this.followed) return;
    this.followed = true;
    this.user = wanted;
    this.picker.set(wanted ? { id: wanted } : null, "");
    this.load();
  }

  /** Asks anew when somebody looks at it, as records were changed. */
  forget() {
    this.followed = false;
  }

  async load() {
    const { user } = this;
    this.#show(user ? "" : "member-nobody");
    if (!user) return;
    byId("member").setAttribute("aria-busy", "true");
    try {
      const [about, stats, advice] = await Promise.all([record("users", user), userStats(user), recommendations(user)]);
      if (user !== this.user) return;
      this.picker.set(about);
      this.sheet.show(about, stats, advice);
      this.#show("member");
    } catch (error) {
      onlyServer(error);
      if (user === this.user) this.#explain(error);
    } finally {
      byId("member").removeAttribute("aria-busy");
    }
  }

  #show(shown) {
    for (const id of ["member-nobody", "member-problem", "member"]) byId(id).hidden = id !== shown;
  }

  #explain(error) {
    const words =
      error.status === 404
        ? empty("user-round", "There is no such member", "They may have been deleted; find somebody else above.")
        : empty("circle-alert", "This member could not be read", error.message);
    byId("member-problem").replaceChildren(...words.childNodes);
    this.#show("member-problem");
  }
}
