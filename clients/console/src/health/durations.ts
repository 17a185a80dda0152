/** How long something takes, in words. */

import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { texts } from "../texts";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Returns a time in seconds in the largest unit of which it has at least two, or in seconds. */
export function inWords(seconds: number): string {
  if (seconds >= 2 * DAY) return texts.health.days(Math.floor(seconds / DAY));
  if (seconds >= 2 * HOUR) return texts.health.hours(Math.floor(seconds / HOUR));
  if (seconds >= 2 * MINUTE) return texts.health.minutes(Math.floor(seconds / MINUTE));
  return texts.health.seconds(seconds);
}

/** Returns how long ago a time was. */
export function ageOf(time: Timestamp, now = Date.now()): string {
  return inWords(Math.max(0, (now - timestampDate(time).getTime()) / 1000));
}

/** Returns how many whole days there are until a time. Less than 0: it is past. */
export function daysUntil(time: Timestamp, now = Date.now()): number {
  return Math.floor((timestampDate(time).getTime() - now) / 1000 / DAY);
}
