/** Checks all users of a file before the first one is written, and writes them. */

import { type Client, InvalidArgumentError } from "@localdial/client";
import { type Problem, type Row, readRows } from "./csv.js";

// The limit of BatchSetUsers.
const usersAtOnce = 1000;

const columns = { required: ["user_id", "display_name", "caller_id", "work_phone"] };

/** Reads the users of a file, and checks them both here and at the server. Adds what is wrong to `problems`. */
export async function checkUsers(
  client: Client,
  organizationId: string,
  file: string,
  problems: Problem[],
): Promise<Row[]> {
  const rows = withoutRepeats(file, await readRows(file, columns, problems), problems);
  for (const some of chunks(rows, usersAtOnce)) {
    for await (const problem of problemsAtServer(client, organizationId, file, some)) problems.push(problem);
  }
  return rows;
}

/** Writes users that were checked. Calls `progress` with the number of users written so far. */
export async function writeUsers(
  client: Client,
  organizationId: string,
  rows: readonly Row[],
  progress: (written: number) => void,
): Promise<void> {
  let written = 0;
  for (const some of chunks(rows, usersAtOnce)) {
    await client.directory.batchSetUsers({ organizationId, users: some.map((row) => userOf(organizationId, row)) });
    written += some.length;
    progress(written);
  }
}

/** Yields the problems that the server finds in the rows, without writing them. */
async function* problemsAtServer(
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
      const wrong = new Map<Row, Problem[]>();
      for (const { field, description } of error.violations) {
        const [, index, name = ""] = /^users\[(\d+)\]\.?(.*)$/.exec(field) ?? [];
        const row = left[Number(index)];
        if (!row) throw error;
        const problem = { file, line: row.line, text: `${name} ${description}`.trim() };
        wrong.set(row, [...(wrong.get(row) ?? []), problem]);
      }
      const last = [...wrong.keys()].at(-1);
      if (!last) throw error;
      // The list may end in the middle of the last row's problems, so that row is checked again.
      if (error.unlistedViolations && wrong.size > 1) wrong.delete(last);
      yield* [...wrong.values()].flat();
      // Check the other rows again: the server may report some problems only after others are gone.
      left = left.filter((row) => !wrong.has(row));
    }
  }
}

function withoutRepeats(file: string, rows: readonly Row[], problems: Problem[]): Row[] {
  const first = new Map<string, number>();
  return rows.filter(({ line, cells }) => {
    const id = cells.user_id ?? "";
    const before = first.get(id);
    // The server reports rows without a user_id, so they are not compared here.
    if (before === undefined || !id) {
      first.set(id, line);
      return true;
    }
    problems.push({ file, line, text: `user_id ${id} is already in line ${before}` });
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
