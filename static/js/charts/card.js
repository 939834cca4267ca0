/** A chart in its panel: drawn from an answer, told as a table, and given away as numbers or as a picture. */

import { csvText } from "../lib/csv.js";
import { byId, empty, icon, make, part, setText } from "../lib/dom.js";
import { fileName, saveFile } from "../lib/download.js";
import { onlyServer } from "../lib/http.js";
import { closesByItself } from "../lib/menu.js";
import { numbersTable } from "./numbers-table.js";
import { pictureOf } from "./picture.js";
import { chartLibrary } from "./theme.js";

const STILL = { animation: false, responsive: true, maintainAspectRatio: false };

export class ChartCard {
  /**
   * `chart.columns`: [{field, words, write?(value, row), text?, fileOnly?, tableOnly?}], the first names its row; a
   * `text` stands left. `chart.amounts` names the field of {currency: amount}, each a column of the file.
   * `chart.draw(rows)` answers what Chart.js shall show, `chart.spoken(rows)` the same in a sentence;
   * `chart.remark(rows)` what is not drawn; `chart.nothing` is [icon, title, words]. `file`: what its files' names begin
   * with.
   */
  constructor(id, chart, file = "library") {
    Object.assign(this, { chart, file });
    this.root = byId(id);
    this.title = byId(`${id}-title`).textContent;
    this.canvas = this.root.querySelector("canvas");
    this.numbers = byId(`${id}-numbers`);
    this.numbers.addEventListener("toggle", () => this.#drawNumbers());
    closesByItself(this.root.querySelector(".menu"));
    part(this.root, "csv").addEventListener("click", () => this.#saveNumbers());
    part(this.root, "png").addEventListener("click", () => this.#savePicture());
  }

  /**
   * Shows what `ask()` answers, unless something newer was asked for meanwhile. `note` says what it is limited to, and
   * `chartOf(rows)` how it is drawn from now on.
   */
  async load(ask, { note = "", chartOf = () => this.chart } = {}) {
    const question = (this.question = {});
    this.root.setAttribute("aria-busy", "true");
    try {
      const rows = await ask();
      if (question !== this.question) return;
      this.chart = chartOf(rows);
      this.show(rows, note);
    } catch (error) {
      onlyServer(error);
      if (question === this.question) this.#fail(error, () => this.load(ask, { note, chartOf }));
    } finally {
      if (question === this.question) this.root.removeAttribute("aria-busy");
    }
  }

  show(rows, note = "") {
    Object.assign(this, { rows, note });
    const some = rows.length > 0;
    this.#setShown(some);
    if (some) this.#drawChart();
    else {
      part(this.root, "nothing").replaceChildren(...empty(...this.chart.nothing).childNodes);
    }
    setText(part(this.root, "note"), note);
    const remark = this.chart.remark?.(rows) ?? "";
    part(this.root, "remark").hidden = !remark;
    setText(part(this.root, "remark"), remark);
    this.#drawNumbers();
  }

  #setShown(some) {
    this.canvas.parentElement.hidden = !some;
    this.numbers.hidden = !some;
    part(this.root, "nothing").hidden = some;
    for (const name of ["csv", "png"]) part(this.root, name).disabled = !some;
  }

  #drawChart() {
    const { type, data, options, plugins } = this.chart.draw(this.rows);
    this.canvas.setAttribute("aria-label", `${this.chart.spoken(this.rows)} The numbers follow as a table.`);
    // What is drawn depends on the rows through more than its data, so a new chart takes the old one's place at once.
    this.drawing?.destroy();
    this.drawing = new (chartLibrary())(this.canvas, { type, data, options: { ...STILL, ...options }, plugins });
  }

  #drawNumbers() {
    if (!this.numbers.open || !this.rows) return;
    const columns = this.chart.columns.filter(({ fileOnly }) => !fileOnly);
    const texts = columns.flatMap(({ text }, at) => (text ? [at] : []));
    const rows = this.rows.map((row) => columns.map((column) => told(column, row)));
    const heads = columns.map(({ words }) => words);
    const caption = this.note ? `${this.title}. ${this.note}` : this.title;
    this.numbers.querySelector(".numbers-body").replaceChildren(numbersTable(caption, heads, rows, { texts }));
  }

  #saveNumbers() {
    const { columns, amounts } = this.chart;
    const sums = amounts ? this.rows.map((row) => row[amounts] ?? {}) : [];
    const codes = [...new Set(sums.flatMap(Object.keys))].sort();
    const kept = columns.filter(({ tableOnly }) => !tableOnly);
    const cells = this.rows.map((row, at) => [
      ...kept.map(({ field }) => row[field]),
      ...codes.map((code) => sums[at][code] ?? 0),
    ]);
    const text = csvText(
      [...kept.map(({ words }) => words), ...codes],
      cells,
    );
    saveFile(new Blob([text], { type: "text/csv;charset=utf-8" }), `${this.#fileName()}.csv`);
  }

  async #savePicture() {
    saveFile(await pictureOf(this.drawing, this), `${this.#fileName()}.png`);
  }

  #fileName() {
    return fileName(this.file, this.title, this.note);
  }

  #fail(error, again) {
    this.#setShown(false);
    const button = make("button.button.small", { type: "button" }, icon("refresh-cw"), "Try again");
    button.addEventListener("click", again);
    const words = empty("circle-alert", "This could not be read", error.message);
    part(this.root, "nothing").replaceChildren(...words.childNodes, button);
  }
}

function told({ field, write = String }, row) {
  const value = row[field];
  return value === null || value === undefined ? "–" : write(value, row);
}
