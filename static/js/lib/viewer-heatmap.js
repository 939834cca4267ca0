/** The week as a table of 7 × 24 coloured cells, with its peaks in words. */

import { empty, make, unseen } from "./dom.js";
import { brief, number, plural } from "./format.js";
import { hourWords, weekdayName } from "./viewer-words.js";

const DAYS = [1, 2, 3, 4, 5, 6, 0]; // a week is shown from Monday on; 0 is Sunday
const STEPS = 5;
const WORDS = { events: ["event", "events"], coins: ["coin", "coins"] };

/** 7 × 24 of {events, coins}, from a list of {day_of_week, hour_of_day, total, coins}. */
export function gridOf(hours) {
  const grid = Array.from({ length: 7 }, () => Array.from({ length: 24 }, () => ({ events: 0, coins: 0 })));
  for (const { day_of_week: day, hour_of_day: hour, total, coins } of hours) grid[day][hour] = { events: total, coins };
  return grid;
}

/** The same of two tables of numbers. */
export function gridOfTwo(events, coins) {
  return events.map((hours, day) => hours.map((count, hour) => ({ events: count, coins: coins[day][hour] })));
}

/** Draws `grid` into `place`; `nothing` is what an empty one says. */
export function drawHeatmap(place, grid, measure, { nothing, caption }) {
  const cells = DAYS.flatMap((day) => grid[day].map((cell, hour) => ({ day, hour, count: cell[measure] ?? 0 })));
  const most = Math.max(...cells.map(({ count }) => count));
  if (!most) {
    place.replaceChildren(empty("calendar-days", nothing[0], nothing[1]));
    return;
  }
  const level = levels(cells);
  const head = make(
    "tr",
    {},
    make("td"),
    ...Array.from({ length: 24 }, (_, hour) =>
      make("th", { scope: "col" }, unseen("at "), make("span", {}, String(hour))),
    ),
  );
  const rows = DAYS.map((day) =>
    make(
      "tr",
      {},
      make(
        "th",
        { scope: "row", title: weekdayName(day) },
        make("span", { "aria-hidden": "true" }, weekdayName(day).slice(0, 2)),
        unseen(weekdayName(day)),
      ),
      ...grid[day].map((cell, hour) => {
        const count = cell[measure] ?? 0;
        const words = `${hourWords(day, hour)}: ${plural(count, ...WORDS[measure])}`;
        return make(
          `td.heat-${level(count)}`,
          { title: words },
          count ? make("span.heat-figure", {}, brief(count)) : unseen("0"),
        );
      }),
    ),
  );
  const table = make(
    "table.heat",
    {},
    make("caption.visually-hidden", {}, `${caption}, ${WORDS[measure][1]} by weekday and hour`),
    make("thead", {}, head),
    make("tbody", {}, ...rows),
  );
  place.replaceChildren(make("p.heat-peaks", {}, ...peakWords(cells, measure)), table, legend(measure));
}

/** Steps of equal share of the busy hours, so that one great evening does not leave the rest of the week dark. */
function levels(cells) {
  const counts = cells
    .map(({ count }) => count)
    .filter(Boolean)
    .sort((a, b) => a - b);
  const bounds = Array.from(
    { length: STEPS - 1 },
    (_, step) => counts[Math.floor((counts.length * (step + 1)) / STEPS)],
  );
  return (count) => (count ? 1 + bounds.filter((bound) => count >= bound).length : 0);
}

function peakWords(cells, measure) {
  const best = cells
    .filter(({ count }) => count)
    .sort((a, b) => b.count - a.count)
    .slice(0, 3);
  const [first, ...others] = best;
  return [
    "Busiest ",
    make("strong", {}, hourWords(first.day, first.hour)),
    ` with ${number(first.count)} ${WORDS[measure][first.count === 1 ? 0 : 1]}`,
    others.length ? `, then ${others.map(({ day, hour }) => hourWords(day, hour)).join(" and ")}.` : ".",
  ];
}

function legend(measure) {
  return make(
    "p.heat-legend",
    { "aria-hidden": "true" },
    `fewer ${WORDS[measure][1]}`,
    ...Array.from({ length: STEPS + 1 }, (_, step) => make(`i.heat-${step}`)),
    "more",
  );
}
