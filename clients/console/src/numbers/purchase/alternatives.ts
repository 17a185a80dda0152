/** Area codes to buy in when there are no numbers in the one that was asked for. */

import { AREA_CODES, areaCode } from "../../area_codes/area_codes";

/** As many area codes as the carrier is asked for. */
const ASKED = 6;

/** As many as are offered. */
const OFFERED = 3;

/**
 * Returns area codes to take instead of one, the nearest first: those of the same area, then those of the same state or
 * province, then others that were called without a local number. Of each kind, the most called come first.
 */
export function substitutes(code: string, called: ReadonlyMap<string, number>): string[] {
  const wanted = areaCode(code);
  if (wanted === undefined) return [];
  const calls = (each: string) => called.get(each) ?? 0;
  const neighbors = AREA_CODES.filter((each) => each.place === wanted.place && each.code !== code)
    .map((each) => each.code)
    .sort((one, other) => calls(other) - calls(one));
  const elsewhere = [...called.keys()].filter((each) => each !== code).sort((one, other) => calls(other) - calls(one));
  return [...new Set([...wanted.overlays, ...neighbors, ...elsewhere])];
}

/** Returns a few area codes near one in which the carrier has numbers, as `hasStock` says. */
export async function alternatives(
  code: string,
  called: ReadonlyMap<string, number>,
  hasStock: (areaCode: string) => Promise<boolean>,
): Promise<string[]> {
  const asked = substitutes(code, called).slice(0, ASKED);
  const answers = await Promise.all(asked.map((each) => hasStock(each).catch(() => false)));
  return asked.filter((_, index) => answers[index]).slice(0, OFFERED);
}
