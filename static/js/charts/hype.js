/** The hype graph: messages per minute, what is usual, what nobody saw, and the moments with their cause. */

import { number } from "../lib/format.js";
import { minuteOf } from "../lib/series.js";
import { gapLabels } from "./gap-labels.js";
import { hypePoints, timeTicks } from "./hype-points.js";
import { momentLabels } from "./moment-labels.js";
import { axisFor, chartFont, chartLibrary, faded, hatch, role, tooltipLook } from "./theme.js";

export class HypeChart {
  /** `plain` is for overlays: no axes, no tooltips, no usual line. */
  constructor(canvas, { plain = false, accent = role("accent") } = {}) {
    this.canvas = canvas;
    this.plain = plain;
    this.accent = accent;
    this.colours = Object.fromEntries(
      ["text-faint", "attention", "panel-solid", "line"].map((name) => [name, role(name)]),
    );
    this.stripes = hatch(
      canvas.getContext("2d"),
      faded(this.colours["text-faint"].startsWith("#") ? this.colours["text-faint"] : "#8b9cb5", 0.38),
    );
    const Chart = chartLibrary();
    this.chart = new Chart(canvas, {
      type: "line",
      data: { datasets: [this.#dataset()] },
      options: this.#options(),
      plugins: [gapLabels, momentLabels],
    });
  }

  /** `now` (ms) and `rate` make it live, see hypePoints. */
  draw(series, { now = null, rate = 0 } = {}) {
    this.series = series;
    const { points, from, to, spans } = hypePoints(series, { now, rate });
    const { options, data } = this.chart;
    const highest = Math.max(0, ...points.map((point) => point.y ?? 0), this.plain ? 0 : (series.usual ?? 0));
    const { max, step } = axisFor(highest, this.plain ? { room: 1.08 } : {});
    Object.assign(options.scales.x, { min: from, max: to });
    Object.assign(options.scales.y, { max });
    options.scales.y.ticks.stepSize = step;
    options.plugins.annotation.annotations = this.#annotations(series, spans, now === null ? null : points.at(-1));
    this.chart.$gaps = this.plain ? [] : this.#gaps(spans, from);
    this.chart.$moments = this.#moments(series, { from, to, live: now !== null, end: points.at(-1) });
    data.datasets[0].data = points;
    this.chart.update("none");
  }

  #dataset() {
    const fill = ({ chart }) => {
      const { ctx, chartArea } = chart;
      if (!chartArea) return "transparent";
      const gradient = ctx.createLinearGradient(0, chartArea.top, 0, chartArea.bottom);
      gradient.addColorStop(0, faded(this.accent, 0.42));
      gradient.addColorStop(1, faded(this.accent, 0.02));
      return gradient;
    };
    return {
      data: [],
      parsing: false,
      normalized: true,
      borderColor: this.accent,
      borderWidth: this.plain ? 3 : 2.5,
      borderJoinStyle: "round",
      borderCapStyle: "round",
      backgroundColor: fill,
      fill: "origin",
      cubicInterpolationMode: "monotone",
      pointRadius: 0,
      pointHitRadius: 0,
      pointHoverRadius: ({ raw }) => (raw?.edge ? 0 : 5),
      pointHoverBackgroundColor: this.accent,
      pointHoverBorderColor: this.colours["panel-solid"],
      pointHoverBorderWidth: 2,
    };
  }

  #options() {
    return {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      events: this.plain ? [] : undefined,
      interaction: { mode: "nearest", axis: "x", intersect: false },
      layout: { padding: this.plain ? { top: 8, right: 8 } : { top: 6, right: 10 } },
      scales: { x: this.#timeAxis(), y: this.#countAxis() },
      plugins: { legend: { display: false }, tooltip: this.#tooltip(), annotation: { clip: false, annotations: {} } },
    };
  }

  #timeAxis() {
    return {
      type: "linear",
      display: !this.plain,
      border: { color: this.colours.line },
      grid: { display: false },
      ticks: {
        color: this.colours["text-faint"],
        font: chartFont(),
        maxRotation: 0,
        autoSkip: false,
        callback: (value) => this.series?.times[value] ?? "",
      },
      afterBuildTicks: (axis) => {
        if (this.series)
          axis.ticks = timeTicks(this.series.times, {
            from: axis.min,
            to: axis.max,
            most: Math.max(2, axis.chart.width / 88),
          });
      },
    };
  }

  #countAxis() {
    return {
      display: !this.plain,
      min: 0,
      max: 8,
      border: { display: false },
      grid: { color: faded("#b7c4d6", 0.08), drawTicks: false },
      ticks: {
        stepSize: 2,
        color: this.colours["text-faint"],
        font: chartFont(),
        padding: 8,
        callback: (value) => number(value),
      },
      afterFit: (axis) => {
        if (!this.plain) axis.width = 40; // the graph does not shift when a figure gains a digit
      },
    };
  }

  #annotations(series, spans, end) {
    const all = {};
    for (const [index, span] of this.#gaps(spans, this.chart.options.scales.x.min).entries())
      all[`gap${index}`] = this.#hatch(span);
    if (series.usual !== null && !this.plain)
      all.usual = this.#usual(series.usual, end?.y ?? series.counts.at(-1) ?? 0);
    if (end && end.y !== null && !end.edge) all.now = this.#dot(end.x, end.y, this.accent);
    return all;
  }

  /** Those in sight, cut to what is. */
  #gaps(spans, from) {
    return spans.filter((span) => span.to > from).map((span) => ({ ...span, from: Math.max(from, span.from) }));
  }

  #hatch({ from, to }) {
    return {
      type: "box",
      drawTime: "beforeDatasetsDraw",
      xMin: from,
      xMax: to,
      borderWidth: 0,
      backgroundColor: this.stripes,
    };
  }

  /** Its name stands on the side of the dashes where the graph is not. */
  #usual(value, atEnd) {
    const label = {
      display: true,
      content: "usual",
      position: "end",
      yAdjust: atEnd >= value ? 10 : -9,
      backgroundColor: "transparent",
      color: this.colours["text-faint"],
      font: chartFont(11),
      padding: 0,
    };
    return {
      type: "line",
      yMin: value,
      yMax: value,
      borderColor: faded("#b7c4d6", 0.4),
      borderWidth: 1.2,
      borderDash: [3, 5],
      label,
    };
  }

  #dot(x, y, colour) {
    return {
      type: "point",
      xValue: x,
      yValue: y,
      radius: 4.5,
      backgroundColor: colour,
      borderColor: this.colours["panel-solid"],
      borderWidth: 2,
    };
  }

  /** Moments that lie in sight, newest first, at the middle of their minute; of two channels' the greater one. */
  #moments(series, { from, to, live, end }) {
    const byMinute = new Map();
    const running = live ? series.counts.length - 1 : -1; // not over yet: its place is where the line ends
    for (const moment of series.moments) {
      const minute = Math.floor(minuteOf(series, moment.at));
      if (series.counts[minute] === undefined || byMinute.get(minute)?.moment.messages > moment.messages) continue;
      const place = minute === running ? end : { x: minute + 0.5, y: series.counts[minute] };
      if (place.y !== null && place.x >= from && place.x <= to)
        byMinute.set(minute, { x: place.x, y: place.y, moment });
    }
    return [...byMinute.values()].sort((one, other) => other.x - one.x);
  }

  #tooltip() {
    return {
      enabled: !this.plain,
      filter: ({ raw }) => !raw.edge && raw.y !== null,
      displayColors: false,
      ...tooltipLook(),
      footerColor: this.colours.attention,
      footerFont: chartFont(11.5, 500),
      callbacks: {
        title: ([item]) => (item ? (this.series.times[item.raw.minute] ?? "") : ""),
        label: ({ raw }) => `${number(raw.y)} messages / min`,
        footer: ([item]) => this.#causeAt(item?.raw.minute),
      },
    };
  }

  #causeAt(minute) {
    const found = this.chart.$moments.find(({ moment }) => Math.floor(minuteOf(this.series, moment.at)) === minute);
    return found ? `×${found.moment.times_usual} of usual · ${found.moment.cause}`.slice(0, 90) : "";
  }
}
