/** Reads CSV files, with the line number of each row. */

import { readFile } from "node:fs/promises";
import { CsvError, parse } from "csv-parse/sync";

/** A row of a file, with its cells by column name. */
export interface Row {
  /** The line on which the row begins. */
  readonly line: number;
  readonly cells: Readonly<Record<string, string>>;
}

/** A problem with a line of a file. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** The input has problems, so nothing was written or bought. */
export class BadInput extends Error {
  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(({ file, line, text }) => `${file}:${line}: ${text}`).join("\n"));
  }
}

/** The columns that a file must or may have. */
export interface Columns {
  readonly required: readonly string[];
  readonly optional?: readonly string[];
}

/**
 * Reads all rows of a file, in order. Adds rows that do not match the header to `problems`. Throws `BadInput` if the
 * file as a whole cannot be used.
 */
export async function readRows(file: string, columns: Columns, problems: Problem[]): Promise<Row[]> {
  const [header, ...records] = recordsOf(file, await readFile(file));
  checkHeader(file, header?.cells ?? [], columns);
  const names = header?.cells ?? [];
  const rows: Row[] = [];
  for (const { line, cells } of records) {
    if (cells.length !== names.length) {
      problems.push({ file, line, text: `has ${cells.length} cells instead of ${names.length}` });
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

/** Returns the line on which a record begins. `lines` is its last line, and quoted cells may contain line breaks. */
function firstLine(raw: string, lines: number): number {
  const within = raw.trim().match(/\r\n|\n|\r/g)?.length ?? 0;
  return lines - within;
}

function checkHeader(file: string, header: readonly string[], { required, optional = [] }: Columns): void {
  const known = [...required, ...optional];
  const texts = [
    ...header.filter((name) => !known.includes(name)).map((name) => `unknown column ${JSON.stringify(name)}`),
    ...known
      .filter((name) => header.indexOf(name) !== header.lastIndexOf(name))
      .map((name) => `column ${name} appears twice`),
    // A missing column would clear the field of every user, so every column is required.
    ...required.filter((name) => !header.includes(name)).map((name) => `column ${name} is missing`),
  ];
  if (texts.length) throw new BadInput(texts.map((text) => ({ file, line: 1, text })));
}
