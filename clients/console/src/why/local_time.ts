/** What time it is where a number belongs. */

import { LOCALE, texts } from "../texts";

/** Returns the times in the time zones, each once with the zones that have it. Unknown zones are left out. */
export function localTimes(timeZones: readonly string[], now: Date): string[] {
  const places = new Map<string, string[]>();
  for (const timeZone of timeZones) {
    const time = timeIn(timeZone, now);
    if (time !== undefined) places.set(time, [...(places.get(time) ?? []), texts.why.zone(timeZone)]);
  }
  return [...places].map(([time, zones]) => texts.why.timeIn(time, texts.why.zones(zones)));
}

function timeIn(timeZone: string, now: Date): string | undefined {
  try {
    return now.toLocaleTimeString(LOCALE, { timeZone, weekday: "short", hour: "numeric", minute: "2-digit" });
  } catch {
    // The browser's time zones may be older than the server's.
    return undefined;
  }
}
