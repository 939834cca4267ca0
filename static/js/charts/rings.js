/** Shares of a whole as a ring; each piece carries the number it has in the list beside it. */

import { percent } from "../lib/format.js";
import { chartFont, fontCss, role, seriesColours, tooltipLook } from "./theme.js";

const MOST_PIECES = 8; // more of them cannot be told apart
const NARROW = 420; // pixels
const LONGEST_NAME = 24;
const ROOM = 0.045; // of the whole: a piece under this has no place for its number

/** `parts` are [{name, value}], the greatest first. */
export function ringChart(parts, { write }) {
  const pieces = fewPieces(parts);
  const all = pieces.reduce((sum, { value }) => sum + value, 0) || 1;
  const share = ({ value }) => percent((100 * value) / all);
  return {
    type: "doughnut",
    data: {
      labels: pieces.map(({ name }) => name),
      datasets: [
        {
          data: pieces.map(({ value }) => value),
          backgroundColor: seriesColours(),
          borderColor: role("panel-solid"),
          borderWidth: 2,
          hoverOffset: 0,
        },
      ],
    },
    options: {
      cutout: "56%",
      plugins: {
        legend: { position: besideOrBelow, labels: legendLabels(pieces, share), onClick: () => null },
        tooltip: {
          ...tooltipLook(),
          callbacks: { label: ({ dataIndex: at }) => `${write(pieces[at].value)} · ${share(pieces[at])}` },
        },
      },
    },
    plugins: [numbersOn(pieces, all)],
  };
}

const besideOrBelow = ({ chart }) => (chart.width < NARROW ? "bottom" : "right");

/** What is beyond the eighth goes together. */
function fewPieces(parts) {
  if (parts.length <= MOST_PIECES) return parts;
  const rest = parts.slice(MOST_PIECES - 1);
  const value = rest.reduce((sum, part) => sum + part.value, 0);
  return [...parts.slice(0, MOST_PIECES - 1), { name: `${rest.length} others`, value }];
}

function legendLabels(pieces, share) {
  const colours = seriesColours();
  const generateLabels = () =>
    pieces.map((piece, at) => ({
      text: `${at + 1}  ${shorten(piece.name)}  ${share(piece)}`,
      fillStyle: colours[at],
      strokeStyle: colours[at],
      fontColor: role("text-soft"),
      pointStyle: "rectRounded",
      index: at,
    }));
  return { generateLabels, usePointStyle: true, font: chartFont(12), padding: 11, boxWidth: 10, boxHeight: 10 };
}

const shorten = (name) => (name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name);

const numbersOn = (pieces, all) => ({
  id: "numbersOn",
  afterDatasetsDraw(chart) {
    const { ctx } = chart;
    ctx.save();
    ctx.font = fontCss(11.5, 700);
    ctx.fillStyle = role("on-avatar");
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    for (const [at, arc] of chart.getDatasetMeta(0).data.entries()) {
      if (!pieces[at] || pieces[at].value / all < ROOM) continue;
      const { x, y } = arc.tooltipPosition();
      ctx.fillText(String(at + 1), x, y);
    }
    ctx.restore();
  },
});
