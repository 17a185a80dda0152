/** The area codes of the North American Numbering Plan. `scripts/build-tables` makes the table. */

import { LOCALE } from "../texts";
import table from "./area_codes.json";

export interface AreaCode {
  readonly code: string;
  /** Where it lies: a state, a province or a country, such as `California`. */
  readonly place: string;
  /** The other area codes that are assigned in the same area. */
  readonly overlays: readonly string[];
}

const regions: Readonly<Record<string, string>> = table.regions;
const countries = new Intl.DisplayNames(LOCALE, { type: "region" });

const all = new Map<string, AreaCode>(
  Object.entries(table.areaCodes).map(([code, { country, region, overlays }]) => [
    code,
    { code, place: regions[`${country}-${region}`] ?? countries.of(country) ?? country, overlays },
  ]),
);

/** The area codes in ascending order. */
export const AREA_CODES: readonly AreaCode[] = [...all.values()].sort((one, other) => (one.code < other.code ? -1 : 1));

/** Returns the area code, or nothing if it is none of this plan. */
export function areaCode(code: string): AreaCode | undefined {
  return all.get(code);
}

/** Returns the name of a state, a province or a country by its postal code, as a number of this area code has it. */
export function placeOf(code: string): string {
  return areaCode(code)?.place ?? "";
}
