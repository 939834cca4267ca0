/** Messages per minute over some span, and how a longer span is kept up to date by the pushed last 15 minutes. */

const MINUTE_MS = 60_000;

/** What a graph needs of an answer of /api/stats or /api/streams/<id>. */
export function seriesOf(answer) {
  return {
    startsAt: Date.parse(answer.starts_at),
    times: answer.times,
    counts: answer.counts,
    gaps: answer.gaps ?? [],
    moments: answer.moments ?? [],
    usual: answer.usual ?? null,
  };
}

/**
 * `base` with its end replaced by `fresh`. It keeps its length (the oldest minutes fall off) unless `grows`.
 * Returns null when the two do not touch: then only the server knows.
 */
export function merged(base, fresh, { grows = false } = {}) {
  const offset = Math.round((fresh.startsAt - base.startsAt) / MINUTE_MS);
  if (offset < 0 || offset > base.counts.length) return null;
  const end = offset + fresh.counts.length;
  if (end < base.counts.length) return base;
  const from = grows ? 0 : end - base.counts.length;
  const startsAt = base.startsAt + from * MINUTE_MS;
  return {
    startsAt,
    times: [...base.times.slice(0, offset), ...fresh.times].slice(from),
    counts: [...base.counts.slice(0, offset), ...fresh.counts].slice(from),
    gaps: union(base.gaps, fresh.gaps, (gap) => `${gap.platform}/${gap.channel}/${gap.started_at}`),
    moments: union(base.moments, fresh.moments, (moment) => `${moment.stream_id}/${moment.at}`),
    usual: fresh.usual,
  };
}

/** The last `minutes` of a series. */
export function tailOf(series, minutes) {
  const from = Math.max(0, series.counts.length - minutes);
  if (!from) return series;
  return {
    ...series,
    startsAt: series.startsAt + from * MINUTE_MS,
    times: series.times.slice(from),
    counts: series.counts.slice(from),
  };
}

function union(older, newer, key) {
  return [...new Map([...older, ...newer].map((item) => [key(item), item])).values()];
}

/** Where `at` lies, in minutes from the start of the series. */
export function minuteOf(series, at) {
  return ((typeof at === "number" ? at : Date.parse(at)) - series.startsAt) / MINUTE_MS;
}

/** Gaps as [{from, to, seconds, gap}] in minutes, cut to the series; overlapping ones (two channels) stay apart. */
export function gapSpans(series, now) {
  const length = series.counts.length;
  return series.gaps
    .map((gap) => {
      const end = gap.ended_at ? Date.parse(gap.ended_at) : now;
      const from = Math.max(0, minuteOf(series, gap.started_at));
      const to = Math.min(length, minuteOf(series, end));
      return { from, to, seconds: (end - Date.parse(gap.started_at)) / 1000, gap };
    })
    .filter((span) => span.to > span.from)
    .sort((one, other) => one.from - other.from);
}
