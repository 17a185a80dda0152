/** How values are written. */

import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { LOCALE, texts } from "../texts";

/** Returns a NANP number as `(415) 555-0100`, and any other as it is. */
export function phoneNumber(e164: string): string {
  const parts = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(e164);
  return parts ? `(${parts[1]}) ${parts[2]}-${parts[3]}` : e164;
}

const dates = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium" });
const times = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "short" });

/** Returns the day of a time, in the time zone of the user. */
export function day(time: Timestamp | undefined): string {
  return time === undefined ? "" : dates.format(timestampDate(time));
}

/** Returns a time to the minute, in the time zone of the user. */
export function minute(time: Timestamp | undefined): string {
  return time === undefined ? "" : times.format(timestampDate(time));
}

const hours = new Intl.DateTimeFormat(LOCALE, { timeStyle: "short" });
const daysOfYear = new Intl.DateTimeFormat(LOCALE, { month: "short", day: "numeric" });

/** Returns a time in short: the time of today, the day of this year, and the date of another year. */
export function recently(time: Timestamp, now = new Date()): string {
  const date = timestampDate(time);
  if (date.toDateString() === now.toDateString()) return hours.format(date);
  return (date.getFullYear() === now.getFullYear() ? daysOfYear : dates).format(date);
}

/** Returns a time in UTC for files, such as `2026-11-30T22:15:00.000Z`. */
export function isoTime(time: Timestamp | undefined): string {
  return time === undefined ? "" : timestampDate(time).toISOString();
}

/** Returns a count such as `12,345`. */
export function count(value: number | bigint): string {
  return new Intl.NumberFormat(LOCALE).format(value);
}

/** Returns a share such as `87%`. */
export function percent(share: number): string {
  return new Intl.NumberFormat(LOCALE, { style: "percent", maximumFractionDigits: 0 }).format(share);
}

/** Returns who made a change, as `AuditEvent.principal` names them, for people. */
export function principal(name: string): string {
  const [kind = "", ...rest] = name.split(":");
  return name && texts.principal(kind, rest.join(":"));
}
