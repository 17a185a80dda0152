import { expect, test } from "vitest";
import { parseCsv, toCsv } from "../src/ui/csv";

test("a file that was written is read again", () => {
  const text = toCsv(["phone_number", "name"], [["+14155550100", 'Ann "A", Smith']]);
  expect(parseCsv(text)).toEqual([{ line: 2, values: { phone_number: "+14155550100", name: 'Ann "A", Smith' } }]);
});

test("lines are counted as an editor shows them, and empty ones are no rows", () => {
  expect(parseCsv("Phone_Number , Code\r\n\r\n +14155550100,628\r\n").map(({ line }) => line)).toEqual([3]);
  expect(parseCsv("\ufeffcode\n628\n")[0]?.values).toEqual({ code: "628" });
});

test("no value becomes a formula of a spreadsheet", () => {
  const [, ...values] = toCsv(["name"], [["=1+1"], ["+cmd"], ["-1"], ["@x"]]).split("\r\n");
  expect(values).toEqual([`"'=1+1"`, `"'+cmd"`, `"'-1"`, `"'@x"`]);
});

test("a row that is not CSV is marked, and lines within values are counted", () => {
  const rows = parseCsv('a,b\n1,"x\ny"\n3,4,5\n6,"7\n');
  expect(rows.map(({ line, fault }) => [line, fault])).toEqual([
    [2, undefined],
    [4, "tooManyValues"],
    [5, "quote"],
  ]);
});
