/** Users as a CSV file, with the columns that `localdial users import` has too. */

import type { User } from "#gen/localdial/v1/directory_pb";
import { texts } from "../../texts";
import { parseCsv, toCsv } from "../../ui/csv";
import { e164 } from "../../ui/e164";

export const COLUMNS = ["user_id", "display_name", "caller_id", "work_phone"] as const;

/** The column of a file of wrong rows that says what is wrong. It is not read. */
const PROBLEM = "problem";

export type UserValues = Readonly<Record<(typeof COLUMNS)[number], string>>;

/** A row of the file. */
export interface UserRow {
  readonly line: number;
  readonly values: UserValues;
  /** What is wrong with the row as CSV. It can only be corrected in the file. */
  readonly fault?: string;
}

/** What is wrong with a row. */
export interface Problem {
  /** The column. `""`: the row. */
  readonly column: string;
  /** What is wrong, as the end of a sentence that begins with the column. */
  readonly description: string;
}

/** As many rows as a file may have. */
export const MOST_ROWS = 20_000;

/** Returns the rows of a file, or why it cannot be read. */
export function readUsersFile(text: string): { rows: UserRow[] } | { problem: string } {
  const rows = parseCsv(text);
  const [first] = rows;
  if (first === undefined) return { problem: texts.userImport.empty };
  const missing = COLUMNS.filter((column) => !(column in first.values));
  if (missing.length > 0) return { problem: texts.userImport.columns(missing) };
  if (rows.length > MOST_ROWS) return { problem: texts.userImport.tooLarge(MOST_ROWS) };
  return {
    rows: rows.map(({ line, values, fault }) => {
      const row = { line, values: valuesOf(values) };
      if (fault === undefined) return row;
      return { ...row, fault: fault === "quote" ? texts.userImport.unclosed : texts.userImport.fieldCount };
    }),
  };
}

function valuesOf(values: Readonly<Record<string, string>>): UserValues {
  return Object.fromEntries(COLUMNS.map((column) => [column, values[column] ?? ""])) as UserValues;
}

/** Returns the user of a row. Numbers that people write, such as `(415) 555-0100`, are put into E.164. */
export function userOf(organizationId: string, { values }: UserRow) {
  return {
    organizationId,
    userId: values.user_id,
    displayName: values.display_name,
    callerId: e164(values.caller_id) ?? values.caller_id,
    workPhone: e164(values.work_phone) ?? values.work_phone,
  };
}

/** Returns the users as a file. */
export function usersFile(users: readonly User[]): string {
  return toCsv(
    COLUMNS,
    users.map(({ userId, displayName, callerId, workPhone }) => [userId, displayName, callerId, workPhone]),
  );
}

/** Returns wrong rows as a file, with what is wrong. */
export function rejectsFile(rejects: readonly { row: UserRow; problems: readonly Problem[] }[]): string {
  return toCsv(
    [...COLUMNS, PROBLEM],
    rejects.map(({ row: { values }, problems }) => [
      ...COLUMNS.map((column) => values[column]),
      problems.map(({ column, description }) => [column, description].filter(Boolean).join(" ")).join("; "),
    ]),
  );
}
