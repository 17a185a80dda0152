/** The rows of the table of numbers, and their totals. */

import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { GetUsageResponse } from "#gen/localdial/v1/number_inventory_pb";
import { type LocalPresenceNumber, NumberState, type Price } from "#gen/localdial/v1/number_pb";
import { placeOf } from "../area_codes/area_codes";
import type { texts } from "../texts";
import { phoneNumber } from "../ui/format";

export interface NumberRow {
  readonly number: LocalPresenceNumber;
  /** Where the number belongs to, such as `San Francisco, CA`. */
  readonly place: string;
  readonly state: keyof typeof texts.numbers.state;
  /** Calls that showed the number. Undefined as long as the use is not known. */
  readonly shownToday: number | undefined;
  readonly shownInDays: number | undefined;
  readonly lastShown: Timestamp | undefined;
  readonly searchText: string;
}

/** Returns a row for each number. */
export function rowsOf(numbers: readonly LocalPresenceNumber[], usage: GetUsageResponse | undefined): NumberRow[] {
  const used = new Map(usage?.numbers.map((each) => [each.phoneNumber, each]));
  return numbers.map((number) => {
    const counts = used.get(number.phoneNumber)?.shownCounts ?? [];
    const place = [number.locality, number.region].filter(Boolean).join(", ") || placeOf(number.areaCode);
    return {
      number,
      place,
      state: NumberState[number.state] as NumberRow["state"],
      shownToday: usage && Number(counts.at(-1) ?? 0n),
      shownInDays: usage && Number(counts.reduce((sum, count) => sum + count, 0n)),
      lastShown: number.lastShownTime ?? used.get(number.phoneNumber)?.lastShownTime,
      searchText: [
        number.phoneNumber,
        number.phoneNumber.replace(/^\+1/, ""),
        phoneNumber(number.phoneNumber),
        number.phoneNumber.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, "$1-$2-$3"),
        ...number.mappedAreaCodes,
        place,
        placeOf(number.areaCode),
      ].join(" "),
    };
  });
}

/** What numbers cost a month. */
export interface Cost {
  /** One sum for each currency. */
  readonly sums: readonly Pick<Price, "currencyCode" | "micros">[];
  /** How many numbers the carrier names no price for. */
  readonly unknown: number;
}

/** Returns what the numbers cost a month. Numbers that another carrier holds cost nothing here. */
export function costOf(numbers: readonly LocalPresenceNumber[]): Cost {
  const sums = new Map<string, bigint>();
  let unknown = 0;
  for (const { monthlyPrice, carrier } of numbers) {
    if (monthlyPrice !== undefined) {
      sums.set(monthlyPrice.currencyCode, (sums.get(monthlyPrice.currencyCode) ?? 0n) + monthlyPrice.micros);
    } else if (carrier !== EXTERNAL) {
      unknown += 1;
    }
  }
  return { sums: [...sums].map(([currencyCode, micros]) => ({ currencyCode, micros })), unknown };
}

/** The `carrier` of numbers that are held elsewhere. */
export const EXTERNAL = "external";

/** Returns the share of calls that showed a local number, from 0 to 1. Undefined without calls. */
export function localShareOf(usage: GetUsageResponse): number | undefined {
  const calls = usage.days.reduce((sum, day) => sum + day.callCount, 0n);
  const local = usage.days.reduce((sum, day) => sum + day.localCount, 0n);
  return calls === 0n ? undefined : Number(local) / Number(calls);
}

/** Returns how many calls went to each area code without a local number. */
export function callsWithoutLocal(usage: GetUsageResponse | undefined): ReadonlyMap<string, number> {
  return new Map(usage?.areaCodesWithoutLocalNumber.map((each) => [each.areaCode, Number(each.callCount)]));
}
