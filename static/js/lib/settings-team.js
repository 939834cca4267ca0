/** The room of the team: accounts, their roles, and new ones. */

import { byId, icon, make } from "./dom.js";
import { clock, day } from "./format.js";
import { getJson, send } from "./http.js";
import { attempt, pressTwice, say, SettingsForm } from "./settings-form.js";
import { ShownOnce } from "./shown-once.js";

const TEAM = "/api/accounts";
const ROLES = { owner: "Owner", moderator: "Moderator", "read-only": "Read-only" };

export function openTeam() {
  new Team().open();
}

class Team {
  constructor() {
    this.form = byId("team-form");
    this.said = byId("team-said");
    this.password = new ShownOnce("account-password", this.said);
    new SettingsForm(this.form, { said: this.said, save: () => this.#add() });
  }

  async open() {
    const found = await attempt(this.said, () => getJson(TEAM));
    if (!found) return;
    byId("accounts").replaceChildren(...found.accounts.map((account) => this.#row(account)));
    byId("accounts").parentElement.hidden = !found.accounts.length;
  }

  async #add() {
    const { name, role, password } = this.form.elements;
    const order = { name: name.value, role: role.value, ...(password.value ? { password: password.value } : {}) };
    const made = await send("POST", TEAM, order);
    this.form.reset();
    this.#tell(made.password);
    await this.open();
    say(this.said, `${made.account.name} may log in.`, "good");
  }

  #tell(password) {
    if (password) this.password.show(password);
    else this.password.hide();
  }

  #row(account) {
    const last = account.last_login_at;
    return make(
      "tr",
      {},
      make("td", { "data-label": "Name" }, make("strong", {}, account.name)),
      make("td", { "data-label": "Role" }, account.in_env ? ROLES[account.role] : this.#roles(account)),
      make(
        "td",
        { "data-label": "Last login" },
        last ? make("time", { datetime: last }, `${day(last)}, ${clock(last)}`) : account.in_env ? "not kept" : "never",
      ),
      make("td.acts", {}, ...(account.in_env ? [make("span.panel-note", {}, "in .env")] : this.#acts(account))),
    );
  }

  #roles({ id, name, role }) {
    const select = make(
      "select.input",
      { "aria-label": `Role of ${name}` },
      ...Object.entries(ROLES).map(([value, words]) => make("option", { value, selected: value === role }, words)),
    );
    select.addEventListener("change", async () => {
      const words = `${name} is ${ROLES[select.value].toLowerCase()} now.`;
      await attempt(this.said, () => send("PATCH", `${TEAM}/${id}`, { role: select.value }), words);
      const complaint = { text: this.said.textContent, kind: this.said.dataset.kind };
      await this.open();
      say(this.said, complaint.text, complaint.kind);
    });
    return select;
  }

  #acts({ id, name }) {
    const renew = make("button.button.small", { type: "button" }, icon("key-round"), "New password");
    const remove = make("button.button.small.danger", { type: "button" }, icon("trash-2"), "Remove");
    pressTwice(renew, "Sign them out?", async () => {
      const order = () => send("PUT", `${TEAM}/${id}/password`, { password: null });
      const answer = await attempt(this.said, order, `${name} has a new password.`);
      if (answer) this.#tell(answer.password);
    });
    pressTwice(remove, `Remove ${name}?`, async () => {
      const gone = await attempt(this.said, () => send("DELETE", `${TEAM}/${id}`));
      if (!gone) return;
      await this.open();
      say(this.said, `${name} is removed.`, "good");
    });
    return [renew, remove];
  }
}
