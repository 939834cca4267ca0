/** The head of a CSV file, read here so that its columns can be matched before anything is sent. The server reads it all. */

const SEPARATORS = [",", ";", "\t"];
const LOOKED_AT = 64_000; // characters; the first rows are enough

/** {columns, samples}: the names in the first row, and up to `rows` rows after it. */
export function headOf(text, rows = 3) {
  const start = text.replace(/^\ufeff/, "").slice(0, LOOKED_AT);
  const tables = SEPARATORS.map((separator) => records(start, separator, rows + 1));
  const [columns = [], ...samples] = tables.reduce((best, one) =>
    (one[0]?.length ?? 0) > (best[0]?.length ?? 0) ? one : best,
  );
  return { columns: columns.map((name) => name.trim()), samples: samples.filter((cells) => cells.some(Boolean)) };
}

/** The first `most` records; a cell in quotes may hold separators, line breaks and doubled quotes. */
function records(text, separator, most) {
  const found = [];
  let cells = [];
  let cell = "";
  let quoted = false;
  const endRecord = () => {
    found.push([...cells, cell]);
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
