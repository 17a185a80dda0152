import { expect, test } from "vitest";
import { NumberState } from "#gen/localdial/v1/number_pb";
import { mappingFile, readMappingFile } from "../../src/numbers/mapping/mapping_file";
import { aNumber } from "../support/numbers";

const NUMBERS = [
  aNumber("+12125550100", { mappedAreaCodes: ["646", "917"] }),
  aNumber("+14155550100"),
  aNumber("+14155550101", { state: NumberState.PURCHASING }),
];

const file = (...lines: string[]) => ["phone_number,area_code", ...lines].join("\n");

test("a file that was saved changes nothing", () => {
  expect(readMappingFile(mappingFile(NUMBERS.slice(0, 2)), NUMBERS)).toEqual({ changes: [], faults: [], unchanged: 2 });
});

test("the file says all mappings of the numbers in it, and other numbers stay as they are", () => {
  const { changes } = readMappingFile(file("+12125550100,917", "+12125550100,332"), NUMBERS);
  expect(changes).toEqual([{ number: NUMBERS[0], added: ["332"], removed: ["646"] }]);
});

test("a number with an empty area code loses its mappings", () => {
  expect(readMappingFile(file("+12125550100,"), NUMBERS).changes[0]?.removed).toEqual(["646", "917"]);
});

test.each(["12125550100", "2125550100", "(212) 555-0100", "+1 212 555 0100"])(
  "the number is found as %s, which spreadsheets and people make of it",
  (written) => {
    expect(readMappingFile(file(`${written},332`), NUMBERS).faults).toEqual([]);
  },
);

test("a number of another country is found without its +", () => {
  const { faults } = readMappingFile(file("441134960000,628"), [aNumber("+441134960000")]);
  expect(faults).toEqual([]);
});

test("every wrong line is named, and nothing is to be changed", () => {
  const { faults } = readMappingFile(
    file("+13105550100,213", "+12125550100,999", "+12125550100,212", "+14155550101,628", "+12125550100,332"),
    NUMBERS,
  );
  expect(faults.map(({ line }) => line)).toEqual([2, 3, 4, 5]);
});

test("a file without the columns, or without lines, is wrong", () => {
  expect(readMappingFile("number;code\n1;2\n", NUMBERS).faults).toHaveLength(1);
  expect(readMappingFile("", NUMBERS).faults).toHaveLength(1);
});
