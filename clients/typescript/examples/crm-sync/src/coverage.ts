/** Which area codes have borrowers and no number, and buying numbers there. */

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

// The carrier is asked about each area code, which takes it a while; it is not to be flooded.
const searchesAtOnce = 4;

const columns = { required: ["area_code"], optional: ["borrowers"] };

/** An area code without a number, and how many the carrier has for it. */
export interface Gap {
  readonly areaCode: string;
  readonly available: number;
}

/** What came of the purchases. */
export interface Outcome {
  readonly bought: string[];
  /** What the CRM's people should know of. */
  readonly warnings: string[];
  /** Purchases whose outcome is not good or not known. */
  readonly failures: string[];
}

/** Finds the area codes of a file that no number serves; those that are wrong are added to `problems`. */
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

/** Buys numbers, one area code after the other. */
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
        // The client has repeated it as often as that helps. The next run sees what came of it, for numbers that are
        // being bought count as served.
        outcome.failures.push(`${areaCode}: ${error.message}`);
      }
    }
  }
  return outcome;
}

export function noNumbers(areaCode: string): string {
  return `${areaCode}: the carrier has no numbers; borrowers there are shown another one`;
}

async function servedAreaCodes(client: Client, organizationId: string): Promise<Set<string>> {
  const served = new Set<string>();
  const request = { organizationId, pageSize: 1000 };
  for await (const number of items(client.numberInventory.listNumbers, request, (page) => page.numbers)) {
    // One that is being bought is as good as there: buying another would be one too many.
    if (number.state !== NumberState.ACTIVE && number.state !== NumberState.PURCHASING) continue;
    for (const areaCode of [number.areaCode, ...number.mappedAreaCodes]) served.add(areaCode);
  }
  return served;
}
