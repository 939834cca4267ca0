/** A chart as a picture to pass on: on its ground, under its title, sharp on every screen. */

import { fontCss, role } from "./theme.js";

const HEAD = 58; // pixels above the chart
const EDGE = 22;
const SHARPNESS = 2;

/** A PNG blob. `note` says what the chart is limited to. */
export function pictureOf(chart, { title, note = "" }) {
  const canvas = sharply(chart, () => framed(chart.canvas, chart.width, { title, note }));
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the browser made no picture"))), "image/png");
  });
}

/** Runs `draw` while the chart is drawn with more pixels than the screen has; nobody sees that. */
function sharply(chart, draw) {
  const usual = chart.options.devicePixelRatio;
  chart.options.devicePixelRatio = Math.max(SHARPNESS, devicePixelRatio);
  chart.resize();
  try {
    return draw();
  } finally {
    chart.options.devicePixelRatio = usual;
    chart.resize();
  }
}

function framed(drawing, width, { title, note }) {
  const scale = drawing.width / width;
  const canvas = document.createElement("canvas");
  canvas.width = drawing.width + 2 * EDGE * scale;
  canvas.height = drawing.height + (HEAD + EDGE) * scale;
  const pen = canvas.getContext("2d");
  pen.fillStyle = role("panel-solid");
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.scale(scale, scale);
  write(pen, title, { y: 26, font: fontCss(16, 650), colour: role("text"), width });
  write(pen, note, { y: 45, font: fontCss(12), colour: role("text-faint"), width });
  pen.drawImage(drawing, EDGE, HEAD, width, drawing.height / scale);
  return canvas;
}

function write(pen, text, { y, font, colour, width }) {
  pen.font = font;
  pen.fillStyle = colour;
  pen.fillText(text, EDGE, y, width);
}
