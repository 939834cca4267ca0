/** Writing CSV files that spreadsheets take as they are meant. */

const BOM = "\ufeff"; // without it Excel takes UTF-8 for something else
// What makes a spreadsheet take a cell for a formula: also in full width, and after what it skips.
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

/** `rows` are lists of numbers, texts and null. */
export function csvText(heads, rows) {
  return BOM + [heads, ...rows].map((cells) => `${cells.map(cell).join(",")}\r\n`).join("");
}

function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = FORMULA.test(value) ? `'${value}` : String(value);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
