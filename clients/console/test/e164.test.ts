import { expect, test } from "vitest";
import { e164 } from "../src/ui/e164";

test.each([
  ["(415) 555-0100", "+14155550100"],
  ["415.555.0100", "+14155550100"],
  ["1 415 555 0100", "+14155550100"],
  ["+1 (415) 555-0100", "+14155550100"],
  ["+44 20 7946 0000", "+442079460000"],
])("the number %s is %s", (typed, number) => {
  expect(e164(typed)).toBe(number);
});

test.each(["", "555-0100", "115 555 0100", "(415) 155-0100", "1.41556E+10", "+0123456789", "ann"])(
  "the text “%s” is no whole number",
  (typed) => {
    expect(e164(typed)).toBeUndefined();
  },
);
