/** The periods that calls are listed for. Days begin in the user's time zone. */

import { type Timestamp, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { texts } from "../texts";

export type PeriodName = keyof typeof texts.period.choices;

export interface Period {
  readonly startTime?: Timestamp;
  readonly endTime?: Timestamp;
}

/**
 * Returns a period by its name. `days` is from the beginning of the first day to the end of the last one, which are
 * written as `2026-11-30`; a day that is left out does not bound it.
 */
export function periodOf(name: PeriodName, from: string, to: string, now = new Date()): Period {
  if (name === "today") return { startTime: startOfDay(now, 0) };
  if (name === "week") return { startTime: startOfDay(now, -6) };
  if (name === "month") return { startTime: startOfDay(now, -29) };
  if (name !== "days" || isBackwards(from, to)) return {};
  return {
    ...(isDay(from) && { startTime: startOfDay(dayOf(from), 0) }),
    ...(isDay(to) && { endTime: startOfDay(dayOf(to), 1) }),
  };
}

/** Returns whether the last day is before the first one. */
export function isBackwards(from: string, to: string): boolean {
  return isDay(from) && isDay(to) && to < from;
}

function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(dayOf(text).getTime());
}

function dayOf(text: string): Date {
  return new Date(`${text}T00:00:00`);
}

function startOfDay(date: Date, days: number): Timestamp {
  return timestampFromDate(new Date(date.getFullYear(), date.getMonth(), date.getDate() + days));
}
