/** What users lack. */

import type { User } from "#gen/localdial/v1/directory_pb";
import { texts } from "../texts";

export type Lack = keyof typeof texts.people.lacks;

/** Returns what a user has not. */
export function lacksOf({ workPhone, callerId }: User): Lack[] {
  const lacks: Lack[] = [];
  if (!workPhone) lacks.push("workPhone");
  if (!callerId) lacks.push("callerId");
  return lacks;
}

/** Returns how many users lack each. */
export function lackCounts(users: readonly User[]): Record<Lack, number> {
  const counts = { workPhone: 0, callerId: 0 };
  for (const lack of users.flatMap(lacksOf)) counts[lack] += 1;
  return counts;
}

/** The choices of the filter. */
export const LACKS = Object.entries(texts.people.lacks).map(([value, label]) => ({ value, label }));
