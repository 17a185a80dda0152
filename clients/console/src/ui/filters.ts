/** How rows are filtered by what the user types or chooses. */

import type { FilterFn } from "@tanstack/react-table";

/** Keeps rows whose text contains every word, in any order. */
export const hasWords: FilterFn<unknown> = (row, column, wanted: string) =>
  containsWords(String(row.getValue(column) ?? ""), wanted);

/** Returns whether a text contains every word of another, in any order and case. */
export function containsWords(text: string, words: string): boolean {
  const lower = text.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => lower.includes(word));
}

/** Keeps rows whose value is the chosen one. */
export const isChosen: FilterFn<unknown> = (row, column, wanted: string) => row.getValue(column) === wanted;

/** Keeps rows whose number is in a range such as `5`, `>5`, `<5` or `5-10`. An unfinished range keeps all. */
export const isInRange: FilterFn<unknown> = (row, column, wanted: string) => {
  const includes = rangeOf(wanted);
  const value = row.getValue<number | undefined>(column);
  return includes === undefined || (value !== undefined && includes(value));
};

const RANGE = /^\s*(?:([<>])\s*(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?)(?:\s*-\s*(\d+(?:\.\d+)?))?)\s*$/;

/** Returns whether a value is in the range `5`, `>5`, `<5` or `5-10`, as a function. Undefined for another text. */
export function rangeOf(text: string): ((value: number) => boolean) | undefined {
  const match = RANGE.exec(text);
  if (match === null) return undefined;
  const [, sign, bound, least, most = least] = match;
  if (sign === ">") return (value) => value > Number(bound);
  if (sign === "<") return (value) => value < Number(bound);
  return (value) => value >= Number(least) && value <= Number(most);
}
