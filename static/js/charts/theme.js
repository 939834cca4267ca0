/** Chart.js, dressed in the roles of roles.css. */

/** Chart.js comes as a classic deferred script before the page's module. */
export function chartLibrary() {
  if (!globalThis.Chart) throw new Error("Chart.js is missing: run bin/assets");
  return globalThis.Chart;
}

export function role(name, element = document.documentElement) {
  return getComputedStyle(element).getPropertyValue(`--${name}`).trim();
}

/** A hex colour of the palette with some of it let through. */
export function faded(colour, alpha) {
  const hex = /^#([0-9a-f]{6})$/i.exec(colour);
  if (!hex) return `color-mix(in srgb, ${colour} ${alpha * 100}%, transparent)`;
  const [red, green, blue] = [0, 2, 4].map((start) => Number.parseInt(hex[1].slice(start, start + 2), 16));
  return `rgba(${red}, ${green}, ${blue}, ${alpha})`;
}

export const chartFont = (size = 11.5, weight = 400) => ({
  family: '"Inter Variable", system-ui, sans-serif',
  size,
  weight,
});

export function fontCss(size = 11.5, weight = 400) {
  const font = chartFont(size, weight);
  return `${font.weight} ${font.size}px ${font.family}`;
}

/** How far what is drawn is from its neighbours by more than its colour: dashes and marks, in the order of SERIES. */
export const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3], [5, 5], [1, 4]];
export const MARKS = ["circle", "rectRot", "triangle", "rect", "star", "crossRot"];

/** Colours for what stands side by side, the same everywhere. */
export const seriesColours = () => Array.from({ length: 8 }, (_, at) => role(`series-${at + 1}`));

export const tooltipLook = () => ({
  backgroundColor: faded("#0b111b", 0.95),
  borderColor: role("line-strong"),
  borderWidth: 1,
  cornerRadius: 10,
  padding: 10,
  titleColor: role("text-soft"),
  titleFont: chartFont(11.5, 500),
  bodyColor: role("text"),
  bodyFont: chartFont(13, 600),
});

/** An axis of figures, which `write` puts into words. */
export const valueAxis = (write, ticks = {}) => ({
  beginAtZero: true,
  border: { display: false },
  grid: { color: faded("#b7c4d6", 0.08), drawTicks: false },
  ticks: { color: role("text-faint"), font: chartFont(), padding: 8, maxTicksLimit: 6, callback: write, ...ticks },
});

/** An axis of names. */
export const nameAxis = (ticks = {}) => ({
  border: { color: role("line") },
  grid: { display: false },
  ticks: { color: role("text-soft"), font: chartFont(), ...ticks },
});

/** Stripes that say "nobody looked" without looking like a value. */
export function hatch(context, colour) {
  const size = 8;
  const tile = document.createElement("canvas");
  const scale = devicePixelRatio || 1;
  tile.width = tile.height = size * scale;
  const pen = tile.getContext("2d");
  pen.scale(scale, scale);
  pen.strokeStyle = colour;
  pen.lineWidth = 1.4;
  pen.beginPath();
  for (const start of [-size, 0, size]) {
    pen.moveTo(start, size);
    pen.lineTo(start + size, 0);
  }
  pen.stroke();
  const pattern = context.createPattern(tile, "repeat");
  pattern.setTransform(new DOMMatrix().scale(1 / scale));
  return pattern;
}

/** Four calm steps: the top of the axis and the step, in whole messages, so that `highest` fits with `room` above. */
export function axisFor(highest, { least = 8, room = 1.18 } = {}) {
  const top = Math.max(least, highest * room);
  const power = 10 ** Math.floor(Math.log10(top / 4));
  const steps = [1, 2, 2.5, 5, 10].map((factor) => factor * power).filter(Number.isInteger);
  const step = steps.find((candidate) => candidate >= top / 4);
  return { max: Math.ceil(top / step) * step, step };
}
