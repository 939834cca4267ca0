/** Columns over days or hours: updated where they stand, with their numbers as a table. */

import { part } from "../lib/dom.js";
import { soFar } from "../lib/format.js";
import { motionWelcome, oncePerFrame } from "../lib/frame.js";
import { numbersTable } from "./numbers-table.js";
import { axisFor, chartFont, chartLibrary, faded, role, tooltipLook } from "./theme.js";

const GROW_MS = 300;
const AXIS_WIDTH = 54;
const LEAST = 4; // what an axis reaches to where nothing is higher
const COLUMN_WIDTH = 46; // of a label under the columns

/**
 * `frame` holds a canvas and a <details>. `write(value)` and `writeAxis(value)` say a value in words, `what` what it is
 * ("Revenue"), `when` what a column is ("Day"), `caption` all of it; `parts`: into how many parts a whole one is divided.
 */
export class ColumnChart {
  constructor(frame, { colour, write, writeAxis = write, what, when, caption, parts = 1 }) {
    Object.assign(this, { write, writeAxis, what, when, caption, parts, columns: [], keys: "" });
    this.canvas = frame.querySelector("canvas");
    this.empty = part(frame, "empty");
    this.details = frame.querySelector("details");
    this.details.addEventListener("toggle", () => this.#drawNumbers());
    this.colour = role(colour);
    const Chart = chartLibrary();
    this.chart = new Chart(this.canvas, {
      type: "bar",
      data: { labels: [], datasets: [this.#dataset()] },
      options: this.#options(),
    });
    this.draw = oncePerFrame(() => this.#draw());
  }

  /** `columns`: {key, label, title, value, strong}; where `strong` is not said the last one is, which still runs. */
  show(columns) {
    const running = columns.some(({ strong }) => strong !== undefined) ? -1 : columns.length - 1;
    this.columns = columns.map((one, at) => ({
      ...one,
      title: soFar(one.title, at === running),
      strong: one.strong || at === running,
    }));
    this.draw();
  }

  /** One column alone, if it is among them. */
  set(key, value) {
    const column = this.columns.find((one) => one.key === key);
    if (!column || column.value === value) return;
    column.value = value;
    this.draw();
  }

  #draw() {
    const { columns, chart } = this;
    const keys = columns.map(({ key }) => key).join();
    const values = columns.map(({ value }) => value);
    const isSame = keys === this.keys;
    this.keys = keys;
    // The very arrays of before: what stands stays, and only what has changed grows.
    chart.data.labels.splice(0, Infinity, ...columns.map(({ label }) => label));
    chart.data.datasets[0].data.splice(0, Infinity, ...values);
    const { max, step } = this.#axis(Math.max(0, ...values));
    const lowest = Math.min(0, ...values);
    Object.assign(chart.options.scales.y, { max, min: lowest < 0 ? -step * Math.ceil(-lowest / step) : 0 });
    chart.options.scales.y.ticks.stepSize = step;
    // Columns that moved on by a day would all seem to change at once.
    chart.update(isSame && motionWelcome() ? undefined : "none");
    this.#say(values);
    this.#drawNumbers();
  }

  /** A few cents would not be seen on an axis of whole ones. */
  #axis(highest) {
    const parts = highest > 0 && highest < LEAST ? this.parts : 1;
    const { max, step } = axisFor(highest * parts, { least: LEAST, room: 1.1 });
    return { max: max / parts, step: step / parts };
  }

  #say(values) {
    const nothing = !values.some(Boolean);
    this.empty.hidden = !nothing;
    const highest = Math.max(...values);
    const best = nothing
      ? "none yet"
      : `the most ${this.write(highest)}, ${this.columns[values.indexOf(highest)].title}`;
    this.canvas.setAttribute("aria-label", `${this.caption}: ${best}. The numbers follow as a table.`);
  }

  #drawNumbers() {
    if (!this.details.open) return;
    const rows = this.columns.map(({ title, value }) => [title, this.write(value)]).reverse();
    const table = numbersTable(this.caption, [this.when, this.what], rows);
    const body = this.details.querySelector(".numbers-body");
    if (body.querySelectorAll("tbody tr").length === rows.length) rewrite(body, table);
    else body.replaceChildren(table);
  }

  #dataset() {
    return {
      data: [],
      backgroundColor: ({ dataIndex }) => (this.columns[dataIndex]?.strong ? this.colour : faded(this.colour, 0.5)),
      hoverBackgroundColor: this.colour,
      borderRadius: 4,
      borderSkipped: "start",
      categoryPercentage: 0.86,
      barPercentage: 0.92,
      maxBarThickness: 30,
    };
  }

  #options() {
    const soft = role("text-faint");
    return {
      animation: { duration: GROW_MS },
      responsive: true,
      resizeDelay: 60,
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      layout: { padding: { top: 6 } },
      scales: {
        x: {
          border: { color: role("line") },
          grid: { display: false },
          ticks: {
            color: soft,
            font: chartFont(),
            maxRotation: 0,
            autoSkip: false,
            callback: (_, index) => this.#tick(index),
          },
        },
        y: {
          min: 0,
          border: { display: false },
          grid: { color: faded("#b7c4d6", 0.08), drawTicks: false },
          ticks: { color: soft, font: chartFont(), padding: 8, callback: (value) => this.writeAxis(value) },
          afterFit: (axis) => {
            axis.width = AXIS_WIDTH; // the columns do not shift when a figure gains a digit
          },
        },
      },
      plugins: { legend: { display: false }, annotation: false, tooltip: this.#tooltip() },
    };
  }

  /** As many labels as there is room for, counted from the last. */
  #tick(index) {
    const room = Math.max(1, Math.floor((this.chart.width - AXIS_WIDTH) / COLUMN_WIDTH));
    const every = Math.max(1, Math.ceil(this.columns.length / room));
    return (this.columns.length - 1 - index) % every ? "" : (this.columns[index]?.label ?? "");
  }

  #tooltip() {
    return {
      ...tooltipLook(),
      displayColors: false,
      callbacks: {
        title: ([item]) => this.columns[item?.dataIndex]?.title ?? "",
        label: ({ raw }) => this.write(raw),
      },
    };
  }
}

/** In place: somebody may be reading. */
function rewrite(body, table) {
  const cells = table.querySelectorAll("tbody :is(th, td)");
  for (const [at, cell] of [...body.querySelectorAll("tbody :is(th, td)")].entries())
    if (cell.textContent !== cells[at].textContent) cell.replaceChildren(...cells[at].childNodes);
}
