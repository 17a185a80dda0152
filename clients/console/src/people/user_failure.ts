/** What is wrong with the fields of a form, from the server's answer. */

import type { Failure } from "../api/failure";
import { texts } from "../texts";

/**
 * Returns what is wrong by field, as `caller_id`, from a failure that names them within a message, as `user.caller_id`.
 * `rest`: the failure, if it names other fields or none.
 */
export function byField(
  failure: Failure | undefined,
  message: string,
  fields: readonly string[],
): { errors: Readonly<Record<string, string>>; rest: Failure | undefined } {
  if (failure === undefined) return { errors: {}, rest: undefined };
  const errors: Record<string, string> = {};
  for (const { field, description } of failure.violations) {
    const name = field.replace(`${message}.`, "");
    if (fields.includes(name)) errors[name] = texts.user.isInvalid(description);
  }
  const isAll = failure.violations.length > 0 && failure.violations.length === Object.keys(errors).length;
  return { errors, rest: isAll ? undefined : failure };
}
