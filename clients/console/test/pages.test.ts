import { expect, test } from "vitest";
import { allPages, PAGE_SIZE } from "../src/api/pages";

test("allPages asks for page after page until there is no token", async () => {
  const pages = new Map([
    ["", { items: [1, 2], nextPageToken: "a" }],
    ["a", { items: [3], nextPageToken: "" }],
  ]);
  const asked: unknown[] = [];
  const items = await allPages(
    async (page) => {
      asked.push(page);
      return pages.get(page.pageToken) ?? { items: [], nextPageToken: "" };
    },
    (page) => page.items,
  );
  expect(items).toEqual([1, 2, 3]);
  expect(asked).toEqual([
    { pageSize: PAGE_SIZE, pageToken: "" },
    { pageSize: PAGE_SIZE, pageToken: "a" },
  ]);
});
