/** What an import would change. */

import type { User } from "#gen/localdial/v1/directory_pb";
import { type UserRow, userOf } from "./users_file";

const FIELDS = ["displayName", "callerId", "workPhone"] as const;

export interface UserChange {
  readonly userId: string;
  readonly displayName: string;
  readonly isNew: boolean;
  /** What is different, in the order of the columns. */
  readonly fields: readonly {
    readonly name: (typeof FIELDS)[number];
    readonly before: string;
    readonly after: string;
  }[];
}

/** Returns the changes in the order of the file, and how many rows change nothing. */
export function changesOf(
  rows: readonly UserRow[],
  users: readonly User[],
): { changes: UserChange[]; unchanged: number } {
  const known = new Map(users.map((user) => [user.userId, user]));
  const changes = rows.flatMap((row): UserChange[] => {
    const after = userOf("", row);
    const before = known.get(after.userId);
    const fields = FIELDS.map((name) => ({ name, before: before?.[name] ?? "", after: after[name] })).filter(
      (field) => field.before !== field.after,
    );
    if (before !== undefined && fields.length === 0) return [];
    return [{ userId: after.userId, displayName: after.displayName, isNew: before === undefined, fields }];
  });
  return { changes, unchanged: rows.length - changes.length };
}
