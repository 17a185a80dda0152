/** Deleting any number of numbers. */

import type { LocalPresenceNumber } from "#gen/localdial/v1/number_pb";
import type { Api } from "../../api/client";
import { type Failure, failureOf, failureOfStatus } from "../../api/failure";
import { newId } from "../../api/ids";

/** As many numbers as one call deletes. */
const CALL_SIZE = 100;

/** A call that deletes some of the numbers. Repeated with the same request_id, it deletes nothing twice. */
export interface Deletion {
  readonly organizationId: string;
  readonly requestId: string;
  readonly phoneNumbers: string[];
}

export interface Deleted {
  readonly numbers: readonly LocalPresenceNumber[];
  readonly failures: readonly { readonly phoneNumber: string; readonly failure: Failure }[];
  /** The calls whose outcome is not known, and why. */
  readonly open: readonly Deletion[];
  readonly openFailure?: Failure;
}

/** Returns the calls that delete these numbers. */
export function deletionsOf(organizationId: string, phoneNumbers: readonly string[]): Deletion[] {
  const calls: Deletion[] = [];
  for (let start = 0; start < phoneNumbers.length; start += CALL_SIZE) {
    calls.push({ organizationId, requestId: newId(), phoneNumbers: phoneNumbers.slice(start, start + CALL_SIZE) });
  }
  return calls;
}

/** Makes the calls one after another, and stops at the first that fails as a whole. */
export async function deleteAll(api: Api, calls: readonly Deletion[]): Promise<Deleted> {
  const numbers: LocalPresenceNumber[] = [];
  const failures: Deleted["failures"][number][] = [];
  for (const [index, call] of calls.entries()) {
    try {
      const response = await api.numbers.deleteNumbers(call);
      numbers.push(...response.deleted);
      for (const { phoneNumber, status } of response.failures) {
        if (status !== undefined) failures.push({ phoneNumber, failure: failureOfStatus(status) });
      }
    } catch (error) {
      return { numbers, failures, open: calls.slice(index), openFailure: failureOf(error) };
    }
  }
  return { numbers, failures, open: [] };
}
