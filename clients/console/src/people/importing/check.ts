/** Checking the rows of a file, here and at the server, without writing anything; and writing those that are right. */

import type { Api } from "../../api/client";
import { type Failure, failureOf } from "../../api/failure";
import { texts } from "../../texts";
import { type Problem, type UserRow, userOf } from "./users_file";

/** As many users as one call writes, in one transaction. */
const CALL_SIZE = 1000;

export interface Reject {
  readonly row: UserRow;
  readonly problems: readonly Problem[];
}

export interface Checked {
  readonly good: readonly UserRow[];
  /** In the order of the file. */
  readonly rejects: readonly Reject[];
}

/** Returns which rows can be imported, and what is wrong with the others. */
export async function checkRows(api: Api, organizationId: string, rows: readonly UserRow[]): Promise<Checked> {
  const rejects: Reject[] = [];
  const good: UserRow[] = [];
  const readable: UserRow[] = [];
  const lines = new Map<string, number>();
  for (const row of rows) {
    const { user_id: userId } = row.values;
    const first = lines.get(userId);
    if (row.fault !== undefined) rejects.push({ row, problems: [{ column: "", description: row.fault }] });
    else if (userId && first !== undefined) {
      rejects.push({ row, problems: [{ column: "user_id", description: texts.userImport.duplicate(first) }] });
    } else {
      lines.set(userId, row.line);
      readable.push(row);
    }
  }
  for (const batch of batches(readable)) {
    const checked = await checkBatch(api, organizationId, batch);
    good.push(...checked.good);
    rejects.push(...checked.rejects);
  }
  return { good, rejects: rejects.sort((one, other) => one.row.line - other.row.line) };
}

async function checkBatch(api: Api, organizationId: string, batch: readonly UserRow[]): Promise<Checked> {
  const rejects: Reject[] = [];
  let left = batch;
  while (left.length > 0) {
    const problems = await problemsOf(api, organizationId, left);
    if (problems.size === 0) break;
    for (const [index, found] of problems) {
      const row = left[index];
      if (row !== undefined) rejects.push({ row, problems: found });
    }
    // Check again without them: of very many problems, the server lists the first ones.
    left = left.filter((_, index) => !problems.has(index));
  }
  return { good: left, rejects };
}

/** Returns what the server finds wrong, by the index of the row. */
async function problemsOf(api: Api, organizationId: string, rows: readonly UserRow[]): Promise<Map<number, Problem[]>> {
  try {
    await api.directory.batchSetUsers({
      organizationId,
      users: rows.map((row) => userOf(organizationId, row)),
      validateOnly: true,
    });
    return new Map();
  } catch (error) {
    const failure = failureOf(error);
    const problems = problemsIn(failure, rows);
    // The list may end in the middle of a row, which is then checked again.
    if (problems.size > 1 && isCut(failure)) problems.delete(Math.max(...problems.keys()));
    if (problems.size === 0) throw error;
    return problems;
  }
}

const USER_FIELD = /^users\[(\d+)\](?:\.(.+))?$/;

/** What spreadsheets make of a phone number: 1.41556E+10, 14155550100.0. */
const CALCULATED = /^\d+(?:[.,]\d+)?E[+-]?\d+$|^\d+[.,]0+$/i;

function problemsIn({ violations }: Failure, rows: readonly UserRow[]): Map<number, Problem[]> {
  const problems = new Map<number, Problem[]>();
  for (const { field, description } of violations) {
    const match = USER_FIELD.exec(field);
    if (match === null) continue;
    const [, number = "", column = ""] = match;
    const value = rows[Number(number)]?.values[column as keyof UserRow["values"]] ?? "";
    const problem = { column, description: CALCULATED.test(value) ? texts.userImport.isCalculated : description };
    problems.set(Number(number), [...(problems.get(Number(number)) ?? []), problem]);
  }
  return problems;
}

function isCut({ violations, metadata }: Failure): boolean {
  return Number(metadata.violation_count ?? 0) > violations.length;
}

/** The server stopped in the middle. */
export class ImportStopped extends Error {
  constructor(
    readonly writtenCount: number,
    cause: unknown,
  ) {
    super("the import stopped", { cause });
  }
}

/** Writes the users of rows that were checked. */
export async function writeRows(api: Api, organizationId: string, rows: readonly UserRow[]): Promise<number> {
  let written = 0;
  for (const batch of batches(rows)) {
    try {
      await api.directory.batchSetUsers({ organizationId, users: batch.map((row) => userOf(organizationId, row)) });
    } catch (error) {
      throw written > 0 ? new ImportStopped(written, error) : error;
    }
    written += batch.length;
  }
  return written;
}

function batches(rows: readonly UserRow[]): UserRow[][] {
  const parts: UserRow[][] = [];
  for (let start = 0; start < rows.length; start += CALL_SIZE) parts.push(rows.slice(start, start + CALL_SIZE));
  return parts;
}
