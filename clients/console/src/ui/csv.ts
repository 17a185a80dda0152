/** Tables as CSV files. */

import Papa from "papaparse";

export interface CsvRow {
  /** The line of the file, where the heading is line 1. */
  readonly line: number;
  /** The values by the names of their columns. */
  readonly values: Readonly<Record<string, string>>;
}

/** Returns the rows of a CSV text with a heading. Names of columns and values are without the spaces around them. */
export function parseCsv(text: string): CsvRow[] {
  const { data } = Papa.parse<Record<string, string>>(text, {
    header: true,
    transformHeader: (name) => name.trim().toLowerCase(),
    transform: (value) => value.trim(),
  });
  return data
    .map((values, index) => ({ line: index + 2, values }))
    .filter(({ values }) => Object.values(values).some(Boolean));
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
