/** Chart.js plugin: a ring on each hype moment, and its cause above the line wherever there is room. */

import { decimal } from "../lib/format.js";
import { faded, fontCss, role } from "./theme.js";

const HEIGHT = 18;
const ABOVE = 13; // from the line to the middle of the words
const BESIDE = 11;
const FARTHEST = 26; // from its usual place: any higher, and words seem to be those of the peak they had to climb over
const LONGEST = 330;
const SHORTEST = 110; // a cause cut shorter than this says nothing

export const momentLabels = {
  id: "momentLabels",
  afterDatasetsDraw(chart) {
    const { ctx, chartArea, scales } = chart;
    const attention = role("attention");
    const line = chart.getDatasetMeta(0).data.filter((point) => !point.skip);
    const taken = [];
    ctx.save();
    ctx.font = fontCss(11.5, 550);
    ctx.textBaseline = "middle";
    ctx.lineJoin = "round";
    const marked = (chart.$moments ?? []).map(({ x, y, moment }) => ({
      point: { x: scales.x.getPixelForValue(x), y: scales.y.getPixelForValue(y) },
      moment,
    }));
    for (const { point } of marked) ring(ctx, point, attention);
    // The greatest are told first: there is seldom room for all.
    if (chart.options.scales.x.display)
      for (const { point, moment } of marked.toSorted((one, other) => other.moment.messages - one.moment.messages))
        label(ctx, { point, moment, line, taken, area: chartArea, attention });
    ctx.restore();
  },
};

function ring(ctx, { x, y }, colour) {
  ctx.beginPath();
  ctx.arc(x, y, 5, 0, 2 * Math.PI);
  ctx.fillStyle = role("panel-solid");
  ctx.fill();
  ctx.lineWidth = 2.4;
  ctx.strokeStyle = colour;
  ctx.stroke();
}

/** The whole cause where it needs to move least, cut where it must be; then only how much; else the ring alone. */
function label(ctx, { point, moment, line, taken, area, attention }) {
  const best = places(ctx, point, moment, line, area)
    .filter(({ box }) => !taken.some((other) => overlap(box, other)))
    .sort((one, other) => one.cost - other.cost)[0];
  if (!best) return;
  taken.push(best.box);
  ctx.lineWidth = 4;
  ctx.strokeStyle = faded("#0f1724", 0.85);
  ctx.strokeText(best.text, best.left, best.middle);
  ctx.fillStyle = attention;
  ctx.fillText(best.text, best.left, best.middle);
}

function places(ctx, point, moment, line, area) {
  const full = `${moment.time} · ${moment.cause}`;
  const found = [];
  for (const side of ["right", "left"]) {
    const room = side === "right" ? area.right + 8 - point.x - BESIDE : point.x - BESIDE - area.left;
    for (const [text, cost] of wordings(ctx, full, `×${decimal(moment.times_usual)}`, Math.min(room, LONGEST))) {
      const width = ctx.measureText(text).width;
      const left = side === "right" ? point.x + BESIDE : point.x - BESIDE - width;
      const wanted = Math.min(point.y, highestBetween(line, left, left + width)) - ABOVE;
      const middle = Math.max(area.top + HEIGHT / 2 - 4, wanted);
      if (point.y - ABOVE - middle > FARTHEST) continue;
      const box = { left: left - 4, right: left + width + 4, top: middle - HEIGHT / 2, bottom: middle + HEIGHT / 2 };
      found.push({ text, left, middle, box, cost: cost + Math.abs(point.y - ABOVE - middle) });
    }
  }
  return found;
}

/** [words, what choosing them costs in pixels of moving away]. */
function wordings(ctx, full, brief, room) {
  if (ctx.measureText(full).width <= room)
    return [
      [full, 0],
      [brief, 40],
    ];
  if (room >= SHORTEST)
    return [
      [shortened(ctx, full, room), 15],
      [brief, 40],
    ];
  return ctx.measureText(brief).width <= room ? [[brief, 40]] : [];
}

/** The top of the line (smallest y) between two x. */
function highestBetween(line, left, right) {
  return Math.min(
    ...line.filter((point) => point.x >= left - 10 && point.x <= right + 10).map((point) => point.y),
    Number.POSITIVE_INFINITY,
  );
}

function shortened(ctx, text, most) {
  if (ctx.measureText(text).width <= most) return text;
  const characters = [...text];
  while (characters.length > 1 && ctx.measureText(`${characters.join("")}…`).width > most) characters.pop();
  return `${characters.join("").trimEnd()}…`;
}

function overlap(one, other) {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}
