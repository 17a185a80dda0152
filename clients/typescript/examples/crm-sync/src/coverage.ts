/** Finds the area codes that have borrowers but no number, and buys numbers there. */

import {
  type Client,
  errorFromStatus,
  InvalidArgumentError,
  items,
  LocaldialError,
  NotFoundError,
  NumberState,
} from "@localdial/client";
import { type Problem, type Row, readRows } from "./csv.js";

// Each search asks the carrier, which is slow and must not be flooded.
const searchesAtOnce = 4;

const columns = { required: ["area_code"], optional: ["borrowers"] };

/** An area code without a number, and how many numbers the carrier has for sale there, up to the wanted quantity. */
export interface Gap {
  readonly areaCode: string;
  readonly available: number;
}

/** The outcome of the purchases. */
export interface Outcome {
  readonly bought: string[];
  /** Purchases that were filled only in part, or not at all because the carrier has no numbers. */
  readonly warnings: string[];
  /** Purchases that failed, or whose outcome is unknown. */
  readonly failures: string[];
}

/** Returns the area codes of a file that no number serves, sorted. Adds invalid ones to `problems`. */
export async function findGaps(
  client: Client,
  organizationId: string,
  file: string,
  perAreaCode: number,
  problems: Problem[],
): Promise<Gap[]> {
  const rows = await readRows(file, columns, problems);
  const served = await servedAreaCodes(client, organizationId);
  const unserved = new Map<string, Row>();
  for (const row of rows) {
    const areaCode = row.cells.area_code ?? "";
    if (!served.has(areaCode) && !unserved.has(areaCode)) unserved.set(areaCode, row);
  }
  const gaps: Gap[] = [];
  const waiting = [...unserved];
  const search = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [areaCode, { line }] = next;
      try {
        const request = { organizationId, areaCode, limit: perAreaCode };
        const { available } = await client.numberInventory.searchAvailableNumbers(request);
        gaps.push({ areaCode, available: available.length });
      } catch (error) {
        if (!(error instanceof InvalidArgumentError)) throw error;
        for (const { description } of error.violations) problems.push({ file, line, text: `area_code ${description}` });
      }
    }
  };
  await Promise.all(Array.from({ length: searchesAtOnce }, search));
  return gaps.sort((one, other) => one.areaCode.localeCompare(other.areaCode));
}

/** Buys `quantity` numbers in each area code, one area code after the other. */
export async function buy(
  client: Client,
  organizationId: string,
  areaCodes: readonly string[],
  quantity: number,
): Promise<Outcome> {
  const outcome: Outcome = { bought: [], warnings: [], failures: [] };
  for (const areaCode of areaCodes) {
    try {
      const answer = await client.numberInventory.purchaseNumbers({ organizationId, areaCode, quantity });
      for (const { phoneNumber, locality, region } of answer.numbers) {
        outcome.bought.push(`${areaCode}: ${phoneNumber} ${[locality, region].filter(Boolean).join(", ")}`.trim());
      }
      if (answer.unfilledCount) {
        const why = answer.unfilledStatus && errorFromStatus(answer.unfilledStatus).statusMessage;
        const unfilled = `${answer.unfilledCount} of ${quantity} numbers could not be bought`;
        outcome.warnings.push(`${areaCode}: ${unfilled}${why ? `: ${why}` : ""}`);
      }
    } catch (error) {
      if (!(error instanceof LocaldialError)) throw error;
      if (error instanceof NotFoundError && error.reason === "NO_NUMBERS_AVAILABLE") {
        outcome.warnings.push(noNumbers(areaCode));
      } else {
        // The client has already retried the purchase. The next run sees its outcome, because a number that is still
        // being bought counts as serving its area code.
        outcome.failures.push(`${areaCode}: ${error.message}`);
      }
    }
  }
  return outcome;
}

/** Returns the warning for an area code in which the carrier has no numbers. */
export function noNumbers(areaCode: string): string {
  return `${areaCode}: the carrier has no numbers; borrowers there are shown another one`;
}

async function servedAreaCodes(client: Client, organizationId: string): Promise<Set<string>> {
  const served = new Set<string>();
  const request = { organizationId, pageSize: 1000 };
  for await (const number of items(client.numberInventory.listNumbers, request, (page) => page.numbers)) {
    // Count a number that is being bought, because a second purchase would buy one too many.
    if (number.state !== NumberState.ACTIVE && number.state !== NumberState.PURCHASING) continue;
    for (const areaCode of [number.areaCode, ...number.mappedAreaCodes]) served.add(areaCode);
  }
  return served;
}
