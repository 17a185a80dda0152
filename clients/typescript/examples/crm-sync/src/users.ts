/** The users: all rows are checked before the first one is written. */

import { type Client, InvalidArgumentError } from "@localdial/client";
import { type Problem, type Row, readRows } from "./csv.js";

// What BatchSetUsers takes in one transaction.
const writeAtOnce = 1000;
// An error names every wrong field, and Node.js reads 64 KiB of it: with four wrong fields in each row, this many.
const checkAtOnce = 100;

const columns = { required: ["user_id", "display_name", "caller_id", "work_phone"] };

/** Reads the users of a file, and checks them here and at the server; what is wrong is added to `problems`. */
export async function checkUsers(
  client: Client,
  organizationId: string,
  file: string,
  problems: Problem[],
): Promise<Row[]> {
  const rows = withoutRepeats(file, await readRows(file, columns, problems), problems);
  for (const some of chunks(rows, checkAtOnce)) {
    for await (const problem of wrongAtServer(client, organizationId, file, some)) problems.push(problem);
  }
  return rows;
}

/** Writes users that are known to be good. `progress` is told how many are written. */
export async function writeUsers(
  client: Client,
  organizationId: string,
  rows: readonly Row[],
  progress: (written: number) => void,
): Promise<void> {
  let written = 0;
  for (const some of chunks(rows, writeAtOnce)) {
    await client.directory.batchSetUsers({ organizationId, users: some.map((row) => userOf(organizationId, row)) });
    written += some.length;
    progress(written);
  }
}

async function* wrongAtServer(
  client: Client,
  organizationId: string,
  file: string,
  rows: readonly Row[],
): AsyncGenerator<Problem> {
  let left = rows;
  while (left.length) {
    const users = left.map((row) => userOf(organizationId, row));
    try {
      await client.directory.batchSetUsers({ organizationId, users, validateOnly: true });
      return;
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      const wrong = new Set<Row>();
      for (const { field, description } of error.violations) {
        const [, index, name = ""] = /^users\[(\d+)\]\.?(.*)$/.exec(field) ?? [];
        const row = left[Number(index)];
        if (!row) throw error;
        wrong.add(row);
        yield { file, line: row.line, text: `${name} ${description}`.trim() };
      }
      if (!wrong.size) throw error;
      // Once more without them: what a server checks in stages comes out too.
      left = left.filter((row) => !wrong.has(row));
    }
  }
}

function withoutRepeats(file: string, rows: readonly Row[], problems: Problem[]): Row[] {
  const first = new Map<string, number>();
  return rows.filter(({ line, cells }) => {
    const id = cells.user_id ?? "";
    const before = first.get(id);
    // Without an identifier rows are alike only in what the server reports anyway.
    if (before === undefined || !id) {
      first.set(id, line);
      return true;
    }
    problems.push({ file, line, text: `user_id ${id} is in line ${before} already` });
    return false;
  });
}

function userOf(organizationId: string, { cells }: Row) {
  return {
    organizationId,
    userId: cells.user_id ?? "",
    displayName: cells.display_name ?? "",
    callerId: cells.caller_id ?? "",
    workPhone: cells.work_phone ?? "",
  };
}

function* chunks<Item>(items: readonly Item[], size: number): Generator<Item[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
