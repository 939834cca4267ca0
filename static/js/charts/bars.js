/** Bars that lie, each with its name before it and its figure behind it: for names of any length. */

import { fontCss, nameAxis, role, tooltipLook, valueAxis } from "./theme.js";

const SHORTEST_NAME = 12;
const PER_LETTER = 16; // pixels of the chart's width, less what stands after the bars, for each letter of a name
const BEFORE_FIGURE = 7; // pixels, as all below
const AFTER = 58; // at least, behind the bars

const pen = document.createElement("canvas").getContext("2d");

/**
 * `bars` are [{name, value, note?}], `write(value, bar)` puts a value into words, `tick` one of the axis, which
 * reaches to `most` at least.
 */
export function barChart(bars, { write, tick = write, most, colour = role("series-1") }) {
  return {
    type: "bar",
    data: {
      labels: bars.map(({ name }) => name),
      datasets: [
        {
          data: bars.map(({ value }) => value),
          backgroundColor: colour,
          borderRadius: 5,
          maxBarThickness: 22,
          categoryPercentage: 0.82,
        },
      ],
    },
    options: {
      indexAxis: "y",
      layout: { padding: { right: roomAfter(bars, write) } },
      scales: {
        x: { ...valueAxis((value) => tick(value, bars[0])), suggestedMax: most },
        y: nameAxis({ autoSkip: false, callback: shortName }),
      },
      plugins: { legend: { display: false }, tooltip: tooltip(bars, write) },
    },
    plugins: [figuresBehind(bars, write)],
  };
}

/** So much that the widest figure behind a bar is read whole, whatever it is in. */
function roomAfter(bars, write) {
  pen.font = figureFont();
  const widths = bars.map((bar) => (bar.value === null ? 0 : pen.measureText(write(bar.value, bar)).width));
  return Math.max(AFTER, ...widths.map((width) => Math.ceil(width) + 2 * BEFORE_FIGURE));
}

const figureFont = () => fontCss(11.5, 550);

function tooltip(bars, write) {
  const callbacks = {
    label: ({ dataIndex }) => write(bars[dataIndex].value, bars[dataIndex]),
    afterLabel: ({ dataIndex }) => bars[dataIndex].note ?? "",
  };
  return { ...tooltipLook(), displayColors: false, callbacks };
}

/** Chart.js calls it as the axis. */
function shortName(index) {
  const name = String(this.getLabelForValue(index));
  const longest = Math.max(SHORTEST_NAME, Math.floor((this.chart.width - this.chart.options.layout.padding.right) / PER_LETTER));
  return name.length > longest ? `${name.slice(0, longest - 1)}…` : name;
}

const figuresBehind = (bars, write) => ({
  id: "figuresBehind",
  afterDatasetsDraw(chart) {
    const { ctx } = chart;
    ctx.save();
    ctx.font = figureFont();
    ctx.fillStyle = role("text-soft");
    ctx.textBaseline = "middle";
    for (const [at, bar] of chart.getDatasetMeta(0).data.entries()) {
      if (bars[at]?.value !== null) ctx.fillText(write(bars[at].value, bars[at]), bar.x + BEFORE_FIGURE, bar.y);
    }
    ctx.restore();
  },
});
