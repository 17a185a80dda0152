/** Tables as CSV files. */

import Papa from "papaparse";

export interface CsvRow {
  /** The line of the file in which the row begins, where the heading is line 1. */
  readonly line: number;
  /** The values by the names of their columns. */
  readonly values: Readonly<Record<string, string>>;
  /** What is wrong with the row as CSV: a quote, or more values than there are columns. */
  readonly fault?: "quote" | "tooManyValues";
}

/** What some spreadsheets write in front of the heading: the character between the columns. */
const SEPARATOR_LINE = /^"?sep=([^"\r\n])"?[,;\t| ]*\r?\n/i;

/** Returns the rows of a CSV text with a heading. Names of columns and values are without the spaces around them. */
export function parseCsv(text: string): CsvRow[] {
  const [separatorLine = "", separator = ""] = SEPARATOR_LINE.exec(text) ?? [];
  const { data, errors } = Papa.parse<Record<string, string>>(text.slice(separatorLine.length), {
    header: true,
    delimiter: separator,
    transformHeader: (name) => name.trim().toLowerCase(),
    transform: (value) => value.trim(),
  });
  const faults = new Map<number, NonNullable<CsvRow["fault"]>>();
  for (const { row = 0, type, code } of errors) {
    // The rows of quotes are counted with the heading.
    if (type === "Quotes") faults.set(row - 1, "quote");
    else if (code === "TooManyFields" && !faults.has(row)) faults.set(row, "tooManyValues");
  }
  let line = separatorLine ? 3 : 2;
  const rows = data.map((values, index): CsvRow => {
    const row = { line, values };
    line += Object.values(values).join("").split("\n").length;
    const fault = faults.get(index);
    return fault === undefined ? row : { ...row, fault };
  });
  return rows.filter(({ values }) => Object.values(values).some(Boolean));
}

/** Returns the text of a CSV file in UTF-8, or in UTF-16 with a byte order mark. Undefined if it is neither. */
export async function csvTextOf(file: Blob): Promise<string | undefined> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const mark =
    bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : "utf-8";
  try {
    const text = new TextDecoder(mark, { fatal: true }).decode(bytes);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Returns a CSV text. Values that a spreadsheet would take for a formula are marked as text. */
export function toCsv(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  return Papa.unparse({ fields: [...columns], data: rows.map((row) => [...row]) }, { escapeFormulae: FORMULA });
}

/** What a formula begins with. Phone numbers begin with + too, and are none. */
const FORMULA = /^(?:[=@\t\r-]|\+(?!\d+$))/;

/** Has the browser save a CSV text as a file. */
export function saveCsv(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
