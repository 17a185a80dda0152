/** How long ago something was, as the filters of times ask for it. */

import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import type { FilterFn } from "@tanstack/react-table";
import { texts } from "../texts";

const DAY_MS = 86_400_000;

type Age = keyof typeof texts.table.ages;

/** The choices of the filter of a time that may never have been. */
export const AGES = Object.entries(texts.table.ages).map(([value, label]) => ({ value, label }));

/** Returns whether a time is as long ago as was chosen. */
export function isAged(time: Timestamp | undefined, age: Age, now = Date.now()): boolean {
  if (time === undefined || age === "never") return time === undefined && age === "never";
  const days = (now - timestampDate(time).getTime()) / DAY_MS;
  return age === "older" ? days > 90 : days <= { day: 1, week: 7, month: 30, quarter: 90 }[age];
}

/** Returns the filter of a column of times, which `timeOf` takes from a row. */
export function ageFilter<T>(timeOf: (row: T) => Timestamp | undefined): FilterFn<T> {
  return (row, _column, age: Age) => isAged(timeOf(row.original), age);
}
