/** The head of a CSV file, read here so that its columns can be matched before anything is sent. The server reads it all. */

const SEPARATORS = [",", ";", "\t"];
const LOOKED_AT = 64_000; // characters; the first rows are enough
// By this first line a program tells Excel, and Excel other programs, what separates the cells.
const SEPARATOR_TOLD = /^"?sep=([,;\t])"?[,;\t]*[\r\n]+/i;

/** The start of a file as text: UTF-8, or UTF-16 where its mark says so, as in Excel's "Unicode text". */
export async function startOf(file) {
  const bytes = new Uint8Array(await file.slice(0, 200_000).arrayBuffer());
  const mark = bytes[0] * 256 + bytes[1];
  const encoding = mark === 0xfffe ? "utf-16le" : mark === 0xfeff ? "utf-16be" : "utf-8";
  return new TextDecoder(encoding).decode(bytes);
}

/** {columns, samples}: the names in the first row that is not empty, and up to `rows` rows after it. */
export function headOf(text, rows = 3) {
  const start = text.replace(/^\ufeff/, "").slice(0, LOOKED_AT);
  const told = start.match(SEPARATOR_TOLD);
  const tables = (told ? [told[1]] : SEPARATORS).map((separator) =>
    records(told ? start.slice(told[0].length) : start, separator, rows + 1),
  );
  const [columns = [], ...samples] = tables.reduce((best, one) =>
    (one[0]?.length ?? 0) > (best[0]?.length ?? 0) ? one : best,
  );
  return { columns: columns.map((name) => name.trim()), samples };
}

/** The first `most` records that are not empty; a cell in quotes may hold separators, line breaks and doubled quotes. */
function records(text, separator, most) {
  const found = [];
  let cells = [];
  let cell = "";
  let quoted = false;
  const endRecord = () => {
    cells.push(cell);
    if (cells.some(Boolean)) found.push(cells);
    cells = [];
    cell = "";
  };
  for (let at = 0; at < text.length && found.length < most; at += 1) {
    const sign = text[at];
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (sign === '"' && cell === "") quoted = true;
    else if (sign === separator) {
      cells.push(cell);
      cell = "";
    } else if (sign === "\n") endRecord();
    else if (sign !== "\r") cell += sign;
  }
  if (found.length < most && (cell || cells.length)) endRecord();
  return found;
}
