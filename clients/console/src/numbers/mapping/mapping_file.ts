/**
 * Mappings as a CSV file with the columns `phone_number` and `area_code`, one mapping a line. A number without mappings has
 * one line without an area code. The file says all mappings of the numbers that it has; other numbers stay as they are.
 */

import { type LocalPresenceNumber, NumberState } from "#gen/localdial/v1/number_pb";
import { isAreaCode } from "../../area_codes/search";
import { texts } from "../../texts";
import { parseCsv, toCsv } from "../../ui/csv";
import { e164 } from "../../ui/e164";

const NUMBER = "phone_number";
const AREA_CODE = "area_code";

/** What a file changes at a number. */
export interface Change {
  readonly number: LocalPresenceNumber;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** What is wrong with a line of a file. */
export interface Fault {
  readonly line: number;
  readonly description: string;
}

/** Returns the mappings as a file. */
export function mappingFile(numbers: readonly LocalPresenceNumber[]): string {
  return toCsv(
    [NUMBER, AREA_CODE],
    numbers.flatMap(({ phoneNumber, mappedAreaCodes }) =>
      (mappedAreaCodes.length > 0 ? mappedAreaCodes : [""]).map((code) => [phoneNumber, code]),
    ),
  );
}

/** Returns what a file would change, and every fault in it. With a fault, nothing is to be changed. */
export function readMappingFile(
  text: string,
  numbers: readonly LocalPresenceNumber[],
): { changes: Change[]; faults: Fault[]; unchanged: number } {
  const owned = new Map(numbers.map((number) => [number.phoneNumber, number]));
  const wanted = new Map<LocalPresenceNumber, Set<string>>();
  const faults: Fault[] = [];
  for (const { line, values } of parseCsv(text)) {
    const written = values[NUMBER] ?? "";
    // A spreadsheet takes the + away.
    const number = owned.get(e164(written) ?? e164(`+${written}`) ?? "");
    const code = values[AREA_CODE] ?? "";
    const description = faultOf(values, number, code);
    if (description !== undefined) faults.push({ line, description });
    else if (number !== undefined) {
      const codes = wanted.get(number) ?? new Set<string>();
      wanted.set(number, codes);
      if (code) codes.add(code);
    }
  }
  if (wanted.size === 0 && faults.length === 0) faults.push({ line: 1, description: texts.mappingFile.empty });
  const all = [...wanted].map(([number, codes]) => ({
    number,
    added: [...codes].filter((code) => !number.mappedAreaCodes.includes(code)).sort(),
    removed: number.mappedAreaCodes.filter((code) => !codes.has(code)),
  }));
  const changes = all.filter(({ added, removed }) => added.length > 0 || removed.length > 0);
  return { changes, faults, unchanged: all.length - changes.length };
}

function faultOf(
  values: Readonly<Record<string, string>>,
  number: LocalPresenceNumber | undefined,
  code: string,
): string | undefined {
  if (!(NUMBER in values) || !(AREA_CODE in values)) return texts.mappingFile.columns(NUMBER, AREA_CODE);
  if (number === undefined) return texts.mappingFile.notOwned(values[NUMBER] ?? "");
  if (number.state !== NumberState.ACTIVE) return texts.mappingFile.notActive(values[NUMBER] ?? "");
  if (code && !isAreaCode(code)) return texts.areaCodes.invalid(code);
  if (code && code === number.areaCode) return texts.mappingFile.own(code);
  return undefined;
}
