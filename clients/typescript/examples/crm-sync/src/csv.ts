/** CSV files, row by row, each with the line that it begins on. */

import { readFile } from "node:fs/promises";
import { CsvError, parse } from "csv-parse/sync";

/** A row: its cells by the names of their columns. */
export interface Row {
  readonly line: number;
  readonly cells: Readonly<Record<string, string>>;
}

/** What is wrong with a line of a file. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** Nothing was done, because of what is wrong with the input. */
export class BadInput extends Error {
  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(({ file, line, text }) => `${file}:${line}: ${text}`).join("\n"));
  }
}

/** The columns of a file. */
export interface Columns {
  readonly required: readonly string[];
  readonly optional?: readonly string[];
}

/**
 * Reads all rows of a file. Rows that do not fit the header are added to `problems`. Throws `BadInput` where the file
 * as a whole cannot be used.
 */
export async function readRows(file: string, columns: Columns, problems: Problem[]): Promise<Row[]> {
  const [header, ...records] = recordsOf(file, await readFile(file));
  checkHeader(file, header?.cells ?? [], columns);
  const names = header?.cells ?? [];
  const rows: Row[] = [];
  for (const { line, cells } of records) {
    if (cells.length !== names.length) {
      problems.push({ file, line, text: `has ${cells.length} columns instead of ${names.length}` });
      continue;
    }
    rows.push({ line, cells: Object.fromEntries(names.map((name, index) => [name, cells[index] ?? ""])) });
  }
  return rows;
}

function recordsOf(file: string, bytes: Buffer): { line: number; cells: string[] }[] {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const options = { info: true, raw: true, trim: true, skip_empty_lines: true, relax_column_count: true } as const;
    const found = parse(text, options) as unknown as { record: string[]; raw: string; info: { lines: number } }[];
    return found.map(({ record, raw, info }) => ({ line: firstLine(raw, info.lines), cells: record }));
  } catch (error) {
    if (error instanceof CsvError) {
      throw new BadInput([{ file, line: Number(error.lines ?? 1), text: `is not CSV: ${error.message}` }]);
    }
    if (error instanceof TypeError) throw new BadInput([{ file, line: 1, text: "is not UTF-8 text" }]);
    throw error;
  }
}

/** The line that a record begins on: it may hold line breaks between quotes, and `lines` counts to its end. */
function firstLine(raw: string, lines: number): number {
  const within = raw.trim().match(/\r\n|\n|\r/g)?.length ?? 0;
  return lines - within;
}

function checkHeader(file: string, header: readonly string[], { required, optional = [] }: Columns): void {
  const known = [...required, ...optional];
  const texts = [
    ...header.filter((name) => !known.includes(name)).map((name) => `unknown column ${JSON.stringify(name)}`),
    ...known.filter((name) => header.indexOf(name) !== header.lastIndexOf(name)).map((name) => `column ${name} twice`),
    // A column that is left out would clear this field of every user, which must be said, not implied.
    ...required.filter((name) => !header.includes(name)).map((name) => `no column ${name}`),
  ];
  if (texts.length) throw new BadInput(texts.map((text) => ({ file, line: 1, text })));
}
