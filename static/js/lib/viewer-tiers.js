/** The dialog of VIP tiers: editing the list, seeing who would change, and only then saving. */

import { byId, empty, icon, make, part, setText } from "./dom.js";
import { plural } from "./format.js";
import { onlyServer } from "./http.js";
import { toast } from "./toast.js";
import { askBeforeLeaving } from "./unsaved.js";
import { previewTiers, saveTiers, tiers } from "./viewer-api.js";
import { TierRow } from "./viewer-tier-row.js";

const MOST = 10;
const NEW = { name: "", color: "#14B8A6", coins: 0, watch_hours: 0, visits: 0, benefits: [] };

export class TierEditor {
  /** `saved()` is called when the tiers have changed. */
  constructor({ canWrite, saved }) {
    this.dialog = byId("tiers");
    this.form = byId("tiers-form");
    this.canWrite = canWrite;
    this.saved = saved;
    this.rows = [];
    byId("open-tiers").addEventListener("click", () => this.open());
    part(this.dialog, "close").addEventListener("click", () => this.#leave());
    this.dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.#leave();
    });
    if (!canWrite) return;
    askBeforeLeaving(() => this.dialog.open && this.changed);
    part(this.form, "add").addEventListener("click", () => this.#add());
    part(this.dialog, "check").addEventListener("click", () => this.#preview());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save();
    });
  }

  async open() {
    this.changed = false;
    this.#say("");
    part(this.form, "preview").hidden = true;
    const list = part(this.form, "list");
    list.replaceChildren(
      ...Array.from({ length: 4 }, () => make("li.tier-row", {}, make("span.skeleton.skeleton-line"))),
    );
    if (!this.dialog.open) this.dialog.showModal();
    try {
      const known = await tiersByRank();
      this.known = JSON.stringify(known);
      this.rows = known.map((tier) => this.#row(tier));
      this.#place();
      if (!known.length) list.replaceChildren(make("li", {}, empty("crown", "No tiers", "Add the first one.")));
    } catch (error) {
      onlyServer(error);
      list.replaceChildren();
      this.#say(error.message);
    }
  }

  #row(tier) {
    const on = {
      changed: () => this.#touched(),
      move: (row, step) => this.#move(row, step),
      remove: (row) => this.#remove(row),
    };
    return new TierRow(tier, { canWrite: this.canWrite, on });
  }

  #place() {
    part(this.form, "list").replaceChildren(...this.rows.map((row) => row.element));
    for (const [index, row] of this.rows.entries()) row.place(index, this.rows.length);
    if (this.canWrite) part(this.form, "add").disabled = this.rows.length >= MOST;
  }

  #add() {
    const row = this.#row(NEW);
    this.rows.push(row);
    this.#place();
    this.#touched();
    row.inputs.name.focus();
  }

  #move(row, step) {
    const at = this.rows.indexOf(row);
    const focused = document.activeElement;
    this.rows.splice(at, 1);
    this.rows.splice(at + step, 0, row);
    this.#place();
    this.#touched();
    (focused.disabled ? row.inputs.name : focused).focus(); // moving the row took the focus away
  }

  #remove(row) {
    const at = this.rows.indexOf(row);
    this.rows.splice(at, 1);
    this.#place();
    this.#touched();
    this.rows[Math.min(at, this.rows.length - 1)]?.inputs.name.focus();
  }

  #touched() {
    this.changed = true;
    this.leaving = false;
    part(this.form, "preview").hidden = true;
  }

  async #preview() {
    const moves = await this.#ask(() => previewTiers(this.#values()));
    if (moves) this.#showMoves(moves);
  }

  async #save() {
    const answer = await this.#ask(async () => ((await this.#isChangedElsewhere()) ? null : saveTiers(this.#values())));
    if (!answer) return;
    this.changed = false;
    this.dialog.close();
    toast(`Tiers saved: ${movesWords(answer)}`, { icon: "crown" });
    this.saved();
  }

  /** Somebody else may have saved other tiers since these were opened: whoever saves once more means theirs. */
  async #isChangedElsewhere() {
    const now = JSON.stringify(await tiersByRank());
    if (now === this.known) return false;
    this.known = now;
    this.#say("Somebody else has changed the tiers meanwhile. Close and open this to see them, or save once more to put yours in their place.");
    part(this.form, "problem").scrollIntoView({ block: "nearest" });
    return true;
  }

  #values() {
    return this.rows.map((row) => row.value);
  }

  async #ask(call) {
    this.#say("");
    for (const row of this.rows) row.clear();
    this.dialog.setAttribute("aria-busy", "true");
    try {
      return await call();
    } catch (error) {
      onlyServer(error);
      this.#explain(error);
      return null;
    } finally {
      this.dialog.removeAttribute("aria-busy");
    }
  }

  #explain(error) {
    const inputs = [];
    for (const { field, message } of error.details) {
      const [, index, name] = /tiers\.(\d+)(?:\.(\w+))?/.exec(field) ?? [];
      const row = this.rows[Number(index)];
      if (row) inputs.push(row.fault(name, `${LABELS[name] ?? "This tier"} ${withoutField(message)}`));
    }
    inputs[0]?.focus();
    if (inputs.length < Math.max(1, error.details.length))
      this.#say(error.status === 403 ? "You may look at the tiers, but not change them." : error.message);
  }

  #showMoves(moves) {
    const place = part(this.form, "preview");
    place.hidden = false;
    const rows = moves.people.map(({ display_name: shown, username, from, to, promoted }) =>
      make(
        "li.tier-move",
        {},
        icon(promoted ? "arrow-up" : "arrow-down", promoted ? "badge ours" : "badge danger"),
        make("bdi.name", {}, shown || username),
        make("span.panel-note", {}, make("bdi", {}, from ?? "no tier"), " → ", make("bdi", {}, to ?? "no tier")),
      ),
    );
    const all = moves.promoted + moves.demoted + moves.removed;
    const more = all - rows.length;
    place.replaceChildren(
      make(
        "p",
        {},
        make("strong", {}, movesWords(moves, "would")),
        moves.reset
          ? ` ${plural(moves.reset, "person", "people")} whose tier was set by hand would be decided on automatically.`
          : "",
      ),
      ...(rows.length
        ? [make("ul.tier-moves", { tabindex: 0, role: "list", "aria-label": "Who would change" }, ...rows)]
        : []),
      ...(more > 0 ? [make("p.panel-note", {}, `and ${plural(more, "other")}`)] : []),
    );
    place.scrollIntoView({ block: "nearest" });
  }

  #say(words) {
    const problem = part(this.form, "problem");
    problem.hidden = !words;
    setText(problem, words);
  }

  /** Changes are dropped only when leaving is asked for twice. */
  #leave() {
    if (this.changed && !this.leaving) {
      this.leaving = true;
      this.#say("There are changes that are not saved. Close once more to drop them.");
      part(this.form, "problem").scrollIntoView({ block: "nearest" });
    } else {
      this.leaving = false;
      this.dialog.close();
    }
  }
}

const tiersByRank = async () => [...(await tiers())].sort((one, other) => one.rank - other.rank);

const LABELS = {
  name: "The name",
  color: "The colour",
  coins: "Coins",
  watch_hours: "Hours watched",
  visits: "Visits",
  benefits: "Benefits:",
};

const withoutField = (message) => message.replace(/^[\w.]+: /, "");

function movesWords({ promoted, demoted, removed }, would = "") {
  const verb = would ? "would rise" : "rose";
  const parts = [
    promoted && `${plural(promoted, "person", "people")} ${verb}`,
    demoted && `${plural(demoted, "person", "people")} ${would ? "would fall" : "fell"}`,
    removed && `${plural(removed, "person", "people")} ${would ? "would lose their tier" : "lost their tier"}`,
  ].filter(Boolean);
  return parts.length ? `${parts.join(", ")}.` : `Nobody ${would ? "would change" : "changed"}.`;
}
