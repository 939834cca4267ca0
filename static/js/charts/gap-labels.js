/** Chart.js plugin: how long nobody looked, under each gap; gaps that stand too close for that share one label. */

import { duration } from "../lib/format.js";
import { faded, fontCss, role } from "./theme.js";

const HEIGHT = 19;
const BESIDE = 6; // from the words to the edge of their ground
const APART = 4;
const NARROWEST = 14; // hatched pixels; less is seen as a line, and said in the numbers

export const gapLabels = {
  id: "gapLabels",
  afterDatasetsDraw(chart) {
    const { ctx, chartArea, scales } = chart;
    ctx.save();
    ctx.font = fontCss(11, 500);
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    const gaps = (chart.$gaps ?? [])
      .filter(({ seconds }) => Number.isFinite(seconds)) // a past stream may end in one that goes on
      .map(({ from, to, seconds }) => ({
        from: scales.x.getPixelForValue(from),
        to: scales.x.getPixelForValue(to),
        seconds,
      }));
    for (const label of labelsOf(gaps, chartArea, (text) => ctx.measureText(text).width)) draw(ctx, label, chartArea);
    ctx.restore();
  },
};

/** [{text, left, width}] without any two that touch; `gaps` in pixels, in order. */
function labelsOf(gaps, area, widthOf) {
  const groups = [];
  for (const gap of gaps) {
    let group = placed({ ...gap, hatched: gap.to - gap.from, count: 1 }, area, widthOf);
    // One that has grown to the left may touch the one before it.
    while (groups.length && touch(groups.at(-1), group)) group = placed(together(groups.pop(), group), area, widthOf);
    groups.push(group);
  }
  const shown = groups.filter(({ hatched }) => hatched > NARROWEST);
  for (const [index, group] of shown.entries()) {
    const longer = placed(group, area, widthOf, group.count > 1 ? ` in ${group.count} gaps` : "");
    const free = [shown[index - 1], longer, shown[index + 1]].filter(Boolean);
    if (!free.some((each, place) => place && touch(free[place - 1], each))) shown[index] = longer;
  }
  return shown;
}

function together(one, next) {
  return {
    from: one.from,
    to: next.to,
    seconds: one.seconds + next.seconds,
    hatched: one.hatched + next.hatched,
    count: one.count + next.count,
  };
}

function placed(group, area, widthOf, more = "") {
  const text = `no data ${duration(group.seconds, { hours: false })}${more}`;
  const width = widthOf(text) + 2 * BESIDE;
  const middle = (group.from + group.to) / 2;
  const left = Math.max(area.left, Math.min(middle - width / 2, area.right - width));
  return { ...group, text, width, left };
}

function touch(one, next) {
  return one.left + one.width + APART > next.left;
}

function draw(ctx, { text, left, width }, area) {
  const top = area.bottom - HEIGHT - 4;
  ctx.fillStyle = faded("#0b111b", 0.82);
  ctx.beginPath();
  ctx.roundRect(left, top, width, HEIGHT, 5);
  ctx.fill();
  ctx.fillStyle = role("attention");
  ctx.fillText(text, left + BESIDE, top + HEIGHT / 2 + 0.5);
}
