import { timestampDate } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { isBackwards, type PeriodName, periodOf } from "../src/calls/period";

const NOW = new Date(2026, 10, 30, 15, 20);

function days(name: PeriodName, from = "", to = "") {
  const { startTime, endTime } = periodOf(name, from, to, NOW);
  return [startTime, endTime].map((time) => time && timestampDate(time).toString());
}

test("a period begins at the beginning of a day of the user, so that its pages are of one list", () => {
  expect(days("today")).toEqual([new Date(2026, 10, 30).toString(), undefined]);
  expect(days("week")).toEqual([new Date(2026, 10, 24).toString(), undefined]);
  expect(days("month")).toEqual([new Date(2026, 10, 1).toString(), undefined]);
  expect(days("all")).toEqual([undefined, undefined]);
});

test("chosen days are included, the last one too", () => {
  expect(days("days", "2026-11-01", "2026-11-30")).toEqual([
    new Date(2026, 10, 1).toString(),
    new Date(2026, 11, 1).toString(),
  ]);
  expect(days("days", "2026-11-01")).toEqual([new Date(2026, 10, 1).toString(), undefined]);
});

test("days in the wrong order, or what is no day, bound nothing", () => {
  expect(isBackwards("2026-11-02", "2026-11-01")).toBe(true);
  expect(days("days", "2026-11-02", "2026-11-01")).toEqual([undefined, undefined]);
  expect(days("days", "yesterday", "2026-13-45")).toEqual([undefined, undefined]);
});
