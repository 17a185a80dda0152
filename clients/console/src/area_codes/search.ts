/** Finding an area code by what the user types. */

import { AREA_CODES, type AreaCode } from "./area_codes";

/** As many area codes as a list shows. */
const SHOWN = 50;

/** What the contract takes for an area code: `415`, or the prefix of another country's numbers, such as `+4420`. */
const AREA_CODE = /^(?:[2-9]\d\d|\+[2-9]\d{1,6})$/;

/** Returns whether a text has the form of an area code. The server knows which of them exist. */
export function isAreaCode(text: string): boolean {
  return AREA_CODE.test(text);
}

/**
 * Returns the area codes that begin with a text, or whose place contains it. Those that were called most without a local
 * number come first.
 */
export function findAreaCodes(text: string, called: ReadonlyMap<string, number>): AreaCode[] {
  const wanted = text.trim().toLowerCase();
  const matches = AREA_CODES.filter(
    ({ code, place }) => code.startsWith(wanted) || (wanted !== "" && place.toLowerCase().includes(wanted)),
  );
  return matches.sort((one, other) => (called.get(other.code) ?? 0) - (called.get(one.code) ?? 0)).slice(0, SHOWN);
}
