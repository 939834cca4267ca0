/** The room of API tokens: what there are, a new one, and an end to one. */

import { byId, icon, make } from "./dom.js";
import { clock, day } from "./format.js";
import { getJson, send } from "./http.js";
import { attempt, pressTwice, say, SettingsForm } from "./settings-form.js";
import { ShownOnce } from "./shown-once.js";

const TOKENS = "/api/tokens";

export function openTokens() {
  new Tokens().open();
}

class Tokens {
  constructor() {
    this.form = byId("tokens-form");
    this.said = byId("tokens-said");
    this.shown = new ShownOnce("new-token", this.said);
    new SettingsForm(this.form, { said: this.said, save: () => this.#make() });
    addEventListener("streampulse:tokens", () => this.open()); // the builder of overlays makes some as well
  }

  async open() {
    const found = await attempt(this.said, () => getJson(TOKENS));
    if (!found) return;
    const body = byId("token-rows");
    body.replaceChildren(...found.tokens.map((token) => this.#row(token)));
    body.closest("table").hidden = !found.tokens.length;
    byId("tokens-empty").hidden = found.tokens.length > 0;
  }

  async #make() {
    const { name, expires_days: days } = this.form.elements;
    const scopes = [...this.form.querySelectorAll("[name=scopes]:checked")].map((box) => box.value);
    const order = { name: name.value, scopes, ...(days.value ? { expires_days: Number(days.value) } : {}) };
    if (!scopes.length)
      throw Object.assign(new Error("Say what it opens."), {
        details: [{ field: "scopes", message: "Choose at least one." }],
      });
    const { token } = await send("POST", TOKENS, order);
    this.form.reset();
    this.shown.show(token);
    await this.open();
    say(this.said, "Made. Copy it now.", "good");
  }

  #row({ id, name, prefix, scopes, last_used_at: used, expires_at: ends, expired }) {
    const revoke = make("button.button.small.danger", { type: "button" }, icon("trash-2"), "Revoke");
    pressTwice(revoke, "Really revoke?", async () => {
      if (!(await attempt(this.said, () => send("DELETE", `${TOKENS}/${id}`)))) return;
      this.shown.hide();
      await this.open();
      say(this.said, `“${name}” opens nothing any more.`, "good");
    });
    return make(
      "tr",
      {},
      make("td", { "data-label": "For" }, make("strong", {}, name), " ", make("code", {}, `${prefix}…`)),
      make("td", { "data-label": "Opens" }, scopes.join(", ")),
      make("td", { "data-label": "Last used" }, used ? at(used) : "never"),
      make("td", { "data-label": "Ends" }, expired ? "has ended" : ends ? at(ends) : "never"),
      make("td.acts", {}, revoke),
    );
  }
}

const at = (time) => make("time", { datetime: time }, `${day(time)}, ${clock(time)}`);
