/** Waiting for the outcome of a purchase. */

import type { PurchaseNumbersResponse } from "#gen/localdial/v1/number_inventory_pb";
import type { Api } from "../../api/client";
import { type Failure, failureOf, type Reason } from "../../api/failure";
import type { Purchase } from "./open_purchases";

export type Outcome =
  | { readonly response: PurchaseNumbersResponse }
  /** The last failure, if the user no longer waits: then the outcome is still not known. */
  | { readonly failure: Failure };

/** After these the numbers may be bought or not: the same request is sent again until it is known. */
const UNKNOWN: ReadonlySet<Reason> = new Set<Reason>([
  "PURCHASE_PENDING",
  "OFFLINE",
  "STORAGE_UNAVAILABLE",
  "SHUTTING_DOWN",
  "OVERLOADED",
]);

/** Whether nothing was bought by a purchase that failed for this reason. A server that broke may have bought it. */
export function isNothingBought({ reason }: Failure): boolean {
  return !UNKNOWN.has(reason) && reason !== "INTERNAL" && reason !== "";
}

const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 15_000;

/**
 * Sends a purchase until its outcome is known, with the same request_id. `wait` is told why it is not known yet and how
 * many milliseconds to wait, and returns whether to ask again.
 */
export async function settle(
  api: Api,
  purchase: Purchase,
  wait: (failure: Failure, milliseconds: number) => Promise<boolean>,
): Promise<Outcome> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      return { response: await api.numbers.purchaseNumbers(purchase) };
    } catch (error) {
      const failure = failureOf(error);
      if (!UNKNOWN.has(failure.reason)) return { failure };
      if (!(await wait(failure, failure.retryAfterMs ?? pause))) return { failure };
    }
  }
}
