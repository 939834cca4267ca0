/** Lines over time; several of them differ in dashes and marks as well as in colour. */

import { soFar } from "../lib/format.js";
import { chartFont, DASHES, faded, MARKS, nameAxis, role, seriesColours, tooltipLook, valueAxis } from "./theme.js";

const MANY_POINTS = 62; // from here on a mark on each would hide the line

/**
 * `labels` name the points, `lines` are [{name, values}] (null: a gap); `write` puts a value into words,
 * `tick` one of the axis, which reaches to `most` at least; `runs`: the time of the last point is not over.
 */
export function lineChart(labels, lines, { write, tick = write, most, runs = false }) {
  const colours = seriesColours();
  return {
    type: "line",
    data: { labels, datasets: lines.map((line, at) => ({ ...dataset(line, at, colours[at], lines.length), ...(runs && RUNNING) })) },
    options: {
      interaction: { mode: "index", intersect: false },
      layout: { padding: { top: 6, right: 12 } },
      scales: {
        x: nameAxis({ color: role("text-faint"), maxRotation: 0, autoSkipPadding: 18 }),
        y: { ...valueAxis((value) => tick(value)), suggestedMax: most },
      },
      plugins: {
        legend: { display: lines.length > 1, position: "bottom", labels: legendLabels() },
        tooltip: tooltip(lines, write, runs && labels.length - 1),
      },
    },
    plugins: [],
  };
}

function dataset({ name, values }, at, colour, count) {
  return {
    label: name,
    data: values,
    borderColor: colour,
    backgroundColor: count === 1 ? faded(colour, 0.14) : colour,
    fill: count === 1 ? "origin" : false,
    borderDash: DASHES[at % DASHES.length],
    borderWidth: 2.2,
    pointStyle: MARKS[at % MARKS.length],
    pointRadius: values.length > MANY_POINTS ? 0 : values.length > 1 ? 3 : 5,
    pointHoverRadius: 5,
    pointBackgroundColor: colour,
    cubicInterpolationMode: "monotone",
  };
}

/** What is drawn to a point that still grows is drawn in dashes. */
const RUNNING = {
  segment: { borderDash: ({ p1DataIndex: end, chart }) => (end === chart.data.labels.length - 1 ? [3, 5] : undefined) },
};

function tooltip(lines, write, running) {
  const callbacks = {
    title: ([item]) => (item ? soFar(item.label, item.dataIndex === running) : ""),
    label: ({ raw, dataset: { label } }) => (lines.length > 1 ? `${label}: ${write(raw)}` : write(raw)),
  };
  return { ...tooltipLook(), displayColors: lines.length > 1, usePointStyle: true, callbacks };
}

const legendLabels = () => ({
  color: role("text-soft"),
  font: chartFont(),
  usePointStyle: true,
  boxHeight: 7,
  padding: 14,
});
