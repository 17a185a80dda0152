import { expect, test } from "vitest";
import { organizationIn, pathOf } from "../src/shell/organization";

test.each(["acme", "a/b", "100%", "a%2Fb", "~!@#$&*()?"])("the organization %s is found again in its path", (id) => {
  expect(organizationIn(`${new URL(pathOf(id), "http://host").pathname}/numbers`)).toBe(id);
});

test("a path without an organization has none", () => {
  expect(organizationIn("/")).toBeUndefined();
  expect(organizationIn("/organizations/")).toBeUndefined();
});
