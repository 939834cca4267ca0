/** The dialog that imports a list of viewers: choose a file, match its columns, see a report, and only then import. */

import { byId, icon, make, part, setText } from "./dom.js";
import { number, plural } from "./format.js";
import { onlyServer } from "./http.js";
import { toast } from "./toast.js";
import { importViewers } from "./viewer-api.js";
import { headOf, startOf } from "./viewer-csv.js";
import { ColumnMatcher } from "./viewer-columns.js";

const STEPS = {
  choose: "1 of 3 · Choose a file",
  map: "2 of 3 · What the columns mean",
  report: "3 of 3 · What would change",
};
const SHOWN = 200; // lines of the report

export class ImportDialog {
  /** `imported()` is called when people have come or changed. */
  constructor({ imported }) {
    this.dialog = byId("import");
    this.imported = imported;
    byId("open-import").addEventListener("click", () => this.open());
    part(this.dialog, "close").addEventListener("click", () => this.dialog.close());
    part(this.dialog, "back").addEventListener("click", () => this.#go(this.step === "report" ? "map" : "choose"));
    part(this.dialog, "go").addEventListener("click", () => this.#goOn());
    const file = part(this.dialog, "file");
    file.addEventListener("change", () => file.files[0] && this.#choose(file.files[0]));
    this.#wireDrop();
  }

  open() {
    this.#go("choose");
    if (!this.dialog.open) this.dialog.showModal();
  }

  #goOn() {
    if (this.step === "map") this.#check();
    else if (this.report.error_count) this.#go("choose");
    else this.#import();
  }

  async #choose(file) {
    this.file = file;
    this.#busy(true);
    const head = headOf(await startOf(file));
    // The server guesses what the columns mean; where it cannot, they are matched by hand.
    let guessed = {};
    try {
      guessed = (await importViewers(file, { dryRun: true })).columns;
    } catch (error) {
      onlyServer(error);
      if (!error.details.some(({ field }) => field === "mapping")) return this.#fail(error);
    } finally {
      this.#busy(false);
    }
    this.matcher = new ColumnMatcher(head, guessed, () => this.#showGo());
    part(this.dialog, "map").replaceChildren(
      make("p.panel-note.file-name", {}, icon("file-spreadsheet"), make("bdi", {}, file.name)),
      this.matcher.element,
    );
    return this.#go("map");
  }

  async #check() {
    const report = await this.#send({ dryRun: true });
    if (!report) return;
    this.report = report;
    part(this.dialog, "report").replaceChildren(...reportParts(report));
    this.#go("report");
  }

  async #import() {
    const report = await this.#send({ dryRun: false });
    if (!report) return;
    this.dialog.close();
    toast(`Imported: ${plural(report.new, "new viewer")}, ${number(report.changed)} changed`, { icon: "upload" });
    this.imported();
  }

  async #send({ dryRun }) {
    this.#busy(true);
    try {
      return await importViewers(this.file, { dryRun, mapping: this.matcher.mapping, platform: this.matcher.platform });
    } catch (error) {
      onlyServer(error);
      return this.#fail(error);
    } finally {
      this.#busy(false);
    }
  }

  #go(step) {
    this.step = step;
    for (const name of ["choose", "map", "report"]) part(this.dialog, name).hidden = name !== step;
    setText(part(this.dialog, "step"), STEPS[step]);
    part(this.dialog, "problem").hidden = true;
    part(this.dialog, "back").hidden = step === "choose";
    part(this.dialog, "body").scrollTop = 0;
    if (step === "choose") part(this.dialog, "file").value = ""; // the same file again is a change as well
    this.#showGo();
  }

  #showGo() {
    const go = part(this.dialog, "go");
    const { new: come = 0, changed = 0, error_count: wrong = 0 } = this.report ?? {};
    go.hidden = this.step === "choose" || (this.step === "report" && !wrong && !come && !changed);
    go.disabled = this.step === "map" && !this.matcher.ready;
    const next = wrong ? "Choose the file again" : `Import ${plural(come + changed, "viewer")}`;
    setText(go, this.step === "map" ? "Check the file" : next);
  }

  #busy(on) {
    part(this.dialog, "go").disabled = on;
    if (on) this.dialog.setAttribute("aria-busy", "true");
    else this.dialog.removeAttribute("aria-busy");
    if (!on) this.#showGo();
  }

  #fail(error) {
    const problem = part(this.dialog, "problem");
    problem.hidden = false;
    setText(
      problem,
      { 403: "You may look at viewers, but not import any.", 413: "The file is too large for one import: divide it." }[
        error.status
      ] ?? error.message,
    );
    part(this.dialog, "file").value = "";
    return null;
  }

  #wireDrop() {
    const drop = part(this.dialog, "drop");
    for (const name of ["dragover", "dragleave", "drop"]) {
      drop.addEventListener(name, (event) => {
        event.preventDefault();
        drop.classList.toggle("over", name === "dragover");
        const [file] = event.dataTransfer?.files ?? [];
        if (name === "drop" && file) this.#choose(file);
      });
    }
  }
}

function reportParts(report) {
  const counts = [
    ["Rows", report.rows],
    ["New", report.new],
    ["Changed", report.changed],
    ["Unchanged", report.unchanged],
  ];
  const figures = make(
    "dl.totals",
    {},
    ...counts.map(([label, count]) => make("div.total", {}, make("dt", {}, label), make("dd", {}, number(count)))),
  );
  const verdict = report.error_count
    ? [
        icon("circle-alert"),
        make(
          "span",
          {},
          `${plural(report.error_count, "cell")} cannot be taken. Mend the file and choose it again: nothing is imported while anything is wrong.`,
        ),
      ]
    : [
        icon("check"),
        make(
          "span",
          {},
          report.new + report.changed
            ? "Everything can be taken. Nothing has been changed yet."
            : "Everybody in this file is known as it says: there is nothing to import.",
        ),
      ];
  return [
    make(report.error_count ? "p.form-error" : "p.form-fine", {}, ...verdict),
    figures,
    ...(report.errors.length ? [lines("What is wrong", report.errors, report.error_count)] : []),
    ...(report.skipped.length
      ? [
          lines(
            "Left out",
            report.skipped.map((one) => ({ ...one, column: one.username })),
            report.skipped.length,
          ),
        ]
      : []),
  ];
}

function lines(caption, rows, all) {
  const body = rows
    .slice(0, SHOWN)
    .map(({ line, column, message }) =>
      make(
        "tr",
        {},
        make("td.number", {}, number(line)),
        make("td", {}, make("bdi", {}, column || "–")),
        make("td", {}, make("bdi", {}, message)),
      ),
    );
  const more = all - body.length;
  return make(
    "div.report-lines",
    { tabindex: 0, role: "region", "aria-label": caption },
    make(
      "table.table.dense",
      {},
      make("caption", {}, more > 0 ? `${caption}: the first ${number(body.length)} of ${number(all)}` : caption),
      make(
        "thead",
        {},
        make(
          "tr",
          {},
          make("th.number", { scope: "col" }, "Line"),
          make("th", { scope: "col" }, "Column"),
          make("th", { scope: "col" }, "Why"),
        ),
      ),
      make("tbody", {}, ...body),
    ),
  );
}
