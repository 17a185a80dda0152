import { screen, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { beforeEach, describe, expect, test } from "vitest";
import { DataTable } from "../src/ui/DataTable";
import { rangeOf } from "../src/ui/filters";
import { SearchField } from "../src/ui/SearchField";
import { useUrlTable } from "../src/ui/table_state";
import { show } from "./support/render";

interface Fruit {
  name: string;
  count: number;
}

const FRUITS: Fruit[] = [
  { name: "Pear", count: 3 },
  { name: "Apple", count: 7 },
  { name: "Green apple", count: 12 },
];

const COLUMNS = [
  { accessorKey: "name", header: "Name", meta: { label: "Name", filter: "text" as const } },
  { accessorKey: "count", header: "Count", meta: { label: "Count", filter: "range" as const } },
];

function Fruits() {
  const table = useUrlTable({
    rows: FRUITS,
    columns: COLUMNS,
    idOf: (fruit: Fruit) => fruit.name,
    sort: "name",
    searchText: (fruit) => fruit.name,
  });
  return (
    <>
      <SearchField label="Search" />
      <DataTable table={table} caption="Fruits" />
    </>
  );
}

function names(): (string | null)[] {
  const [, body] = within(screen.getByRole("table")).getAllByRole("rowgroup");
  return within(body as HTMLElement)
    .getAllByRole("row")
    .map((row) => (row as HTMLTableRowElement).cells[0]?.textContent ?? null);
}

describe("a table whose state is in the URL", () => {
  beforeEach(() => window.history.replaceState(null, "", "/"));

  test("is sorted, filtered and searched as the URL says", () => {
    show(<Fruits />, () => {}, { search: "?sort=-count&search=apple&count=5-20" });
    expect(names()).toEqual(["Green apple", "Apple"]);
    expect(screen.getByRole("columnheader", { name: /Count/ }).getAttribute("aria-sort")).toBe("descending");
  });

  test("writes into the URL how it is sorted, filtered and searched", async () => {
    show(<Fruits />, () => {});
    const user = userEvent.setup();
    await user.click(screen.getByRole("button", { name: "Count" }));
    await user.type(screen.getByRole("textbox", { name: /Filter: Count/ }), ">5");
    await user.type(screen.getByRole("searchbox"), "apple green");
    const params = new URLSearchParams(window.location.search);
    expect(Object.fromEntries(params)).toMatchObject({ search: "apple green", count: ">5" });
    expect(params.get("sort")).toMatch(/^-?count$/);
    expect(names()).toEqual(["Green apple"]);
  });

  test("offers to clear the search and the filters if nothing matches them", async () => {
    show(<Fruits />, () => {}, { search: "?search=plum&name=pear" });
    await userEvent.click(screen.getByRole("button", { name: /Clear/ }));
    expect(window.location.search).toBe("");
    expect(names()).toEqual(["Apple", "Green apple", "Pear"]);
  });

  test("has its search focused by the key /", async () => {
    show(<Fruits />, () => {});
    await userEvent.keyboard("/");
    expect(document.activeElement).toBe(screen.getByRole("searchbox"));
  });
});

test.each([
  ["5", [5]],
  [">5", [6, 10, 11]],
  ["<5", [4]],
  ["5-10", [5, 6, 10]],
  ["> 5", [6, 10, 11]],
])("the range %s", (range, included) => {
  expect([4, 5, 6, 10, 11].filter((value) => rangeOf(range)?.(value))).toEqual(included);
});

test("a text that is no range includes nothing and excludes nothing", () => {
  expect(rangeOf("five")).toBeUndefined();
});
