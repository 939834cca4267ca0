/** From minutes to points: where the line of the hype graph runs, and where it must not. */

import { gapSpans, minuteOf } from "../lib/series.js";

/**
 * {points [{x, y}], from, to, spans}. A minute stands at its middle. With `now` the graph is live: it ends at this very
 * second with `rate` (messages in the last 60 s) instead of with a minute that is not over, and slides along.
 */
export function hypePoints(series, { now = null, rate = 0 } = {}) {
  const length = series.counts.length;
  const live = now !== null;
  const end = live ? Math.min(length, Math.max(length - 1, minuteOf(series, now))) : length;
  const complete = live ? length - 1 : length;
  const spans = joined(gapSpans(series, now ?? Number.POSITIVE_INFINITY));
  const points = [];
  for (let minute = 0; minute < complete; minute += 1)
    points.push({ x: minute + 0.5, y: series.counts[minute], minute });
  const from = live ? end - (length - 1) : 0;
  // A minute stands at its middle: without this the graph would begin with a hole of half a minute.
  if (length && from < 0.5) points.unshift({ x: from, y: series.counts[0], minute: 0, edge: true });
  if (live) points.push({ x: end, y: rate, minute: length - 1 });
  return { points: broken(points, spans), from, to: end, spans };
}

/** Two channels that were down at once make one gap in the drawing. */
function joined(spans) {
  const result = [];
  for (const span of spans) {
    const last = result.at(-1);
    if (last && span.from <= last.to)
      Object.assign(last, { to: Math.max(last.to, span.to), seconds: Math.max(last.seconds, span.seconds) });
    else result.push({ ...span });
  }
  return result;
}

/** Takes out what lies in a gap and carries the line level to its edges: a gap is never a zero. */
function broken(points, spans) {
  const inside = (x) => spans.some((span) => x > span.from && x < span.to);
  const kept = points.filter((point) => !inside(point.x));
  const edges = spans.flatMap((span) => {
    const before = kept.findLast((point) => point.x <= span.from);
    const after = kept.find((point) => point.x >= span.to);
    return [
      before && { x: span.from, y: before.y, edge: true },
      { x: (span.from + span.to) / 2, y: null, edge: true },
      after && { x: span.to, y: after.y, edge: true },
    ].filter(Boolean);
  });
  return [...kept, ...edges].sort((one, other) => one.x - other.x);
}

const STEPS = [1, 2, 3, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360];

/** Full clock times to write under the graph, so that they glide with it instead of changing. */
export function timeTicks(times, { from, to, most }) {
  const step = STEPS.find((candidate) => (to - from) / candidate <= most) ?? 720;
  const margin = (to - from) * 0.025;
  const ticks = [];
  for (const [minute, time] of times.entries()) {
    const [hours, minutes] = time.split(":").map(Number);
    if ((hours * 60 + minutes) % step === 0 && minute >= from + margin && minute <= to - margin)
      ticks.push({ value: minute, label: time });
  }
  return ticks;
}
