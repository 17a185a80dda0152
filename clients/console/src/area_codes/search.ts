/** Finding an area code by what the user types. */

import { AREA_CODES, type AreaCode, areaCode } from "./area_codes";

/** As many area codes as a list shows. */
const SHOWN = 50;

/** The area code of another country, written as the prefix of its numbers, such as `+4420`. */
const ABROAD = /^\+[2-9]\d{1,6}$/;

/** Returns whether a text is an area code. Which ones other countries have is for the server to say. */
export function isAreaCode(text: string): boolean {
  return areaCode(text) !== undefined || ABROAD.test(text);
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
