import type { LocalPresenceNumber } from "#gen/localdial/v1/number_pb";
import { areaCode } from "../../area_codes/area_codes";

/** As many as are suggested of each kind. */
const SHOWN = 8;

interface Suggestions {
  /** The area codes that are assigned in the same area. */
  readonly overlays: readonly string[];
  /** Area codes that were called without a local number, the most called first. */
  readonly called: readonly string[];
}

/**
 * Returns area codes to map to a number. Codes that have a number of their own are left out: callees there are shown
 * that one.
 */
export function suggestionsFor(
  number: LocalPresenceNumber,
  owned: readonly LocalPresenceNumber[],
  called: ReadonlyMap<string, number>,
): Suggestions {
  const taken = new Set([...number.mappedAreaCodes, ...owned.map((each) => each.areaCode)]);
  const overlays = (areaCode(number.areaCode)?.overlays ?? []).filter((code) => !taken.has(code));
  const place = areaCode(number.areaCode)?.place;
  const isNear = (code: string) => (areaCode(code)?.place === place ? 1 : 0);
  return {
    overlays,
    called: [...called.keys()]
      .filter((code) => !taken.has(code) && !overlays.includes(code))
      .sort((one, other) => isNear(other) - isNear(one) || (called.get(other) ?? 0) - (called.get(one) ?? 0))
      .slice(0, SHOWN),
  };
}
