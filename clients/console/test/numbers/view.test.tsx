import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { Role } from "#gen/localdial/v1/administration_pb";
import { GetUsageResponseSchema } from "#gen/localdial/v1/number_inventory_pb";
import { NumberState } from "#gen/localdial/v1/number_pb";
import { NumbersView } from "../../src/numbers/NumbersView";
import { aNumber, failure, inventory, status } from "../support/numbers";
import { show } from "../support/render";

const NUMBERS = [
  aNumber("+12125550100", { locality: "New York", region: "NY", createdBy: "key:k1" }),
  aNumber("+14155550100", { locality: "San Francisco", region: "CA", mappedAreaCodes: ["628"] }),
  aNumber("+14155550101", { region: "CA", state: NumberState.PURCHASING }),
  aNumber("+14155550102", {
    region: "CA",
    state: NumberState.RELEASING,
    releaseStatus: status("CARRIER_REFUSED", "an emergency address must be removed first"),
  }),
];

const USAGE = create(GetUsageResponseSchema, {
  days: [
    { date: "2026-11-29", callCount: 6n, localCount: 6n },
    { date: "2026-11-30", callCount: 4n, localCount: 3n },
  ],
  numbers: [
    {
      phoneNumber: "+14155550100",
      shownCounts: [5n, 2n],
      lastShownTime: timestampFromDate(new Date(Date.now() - 1000)),
    },
  ],
});

const routes = inventory(NUMBERS, { getUsage: () => USAGE });

async function rows(): Promise<string[]> {
  await screen.findByRole("table");
  const [, body] = screen.getAllByRole("rowgroup");
  return within(body as HTMLElement)
    .getAllByRole("row")
    .map((row) => row.textContent ?? "");
}

describe("the numbers page", () => {
  test("shows of each number what it is for, how it is used, and why its release takes time", async () => {
    show(<NumbersView />, routes);
    await waitFor(async () => expect((await rows())[1]).toContain("27"));
    const [newYork, sanFrancisco, buying, releasing] = await rows();
    expect(newYork).toContain("(212) 555-0100212 New York, NY");
    expect(newYork).toContain("API key k1");
    expect(sanFrancisco).toContain("628");
    expect(buying).toContain("Buying");
    expect(releasing).toContain("ReleasingAn emergency address must be removed first.");
  });

  test("sums up how many there are, what they cost, and how many callees saw a local number", async () => {
    show(<NumbersView />, routes);
    await waitFor(() => expect(screen.getByText("90%")).toBeTruthy());
    // A number that is being bought costs nothing yet; one that is not released yet still does.
    expect(screen.getByText("$3.45")).toBeTruthy();
    expect(screen.getByText("2 active, 2 not")).toBeTruthy();
  });

  test.each([
    ["(415) 555-0102", 1],
    ["415-555-0102", 1],
    ["+14155550102", 1],
    ["628", 1],
    ["california", 3],
    ["san francisco", 1],
    ["york 212", 1],
  ])("finds %s by the search", async (search, found) => {
    show(<NumbersView />, routes, { search: `?search=${encodeURIComponent(search)}` });
    expect(await rows()).toHaveLength(found);
  });

  test.each([
    ["state=RELEASING", 1],
    ["shownInDays=>5", 1],
    ["shownInDays=0", 3],
    ["lastShown=never", 3],
    ["lastShown=day", 1],
    ["number=415-555", 3],
    ["alsoShownFor=628", 1],
    ["cost=1-2", 4],
    ["by=k1", 1],
  ])("filters by %s", async (filter, found) => {
    show(<NumbersView />, routes, { search: `?${filter}` });
    await waitFor(async () => expect(await rows()).toHaveLength(found));
  });

  test("works without the use of the numbers, and says why it is missing", async () => {
    show(
      <NumbersView />,
      inventory(NUMBERS, {
        getUsage: () => {
          throw failure("OVERLOADED");
        },
      }),
    );
    expect(await rows()).toHaveLength(4);
    await screen.findByText(/Not counted: The server is busy/);
  });

  test("offers viewers nothing that they may not do, and says why", async () => {
    show(<NumbersView />, routes, { role: Role.VIEWER, search: "?dialog=purchase" });
    await rows();
    for (const name of [/Purchase/, /Delete/, /Import/, /mapping to/, /Remove/]) {
      expect(screen.queryByRole("button", { name })).toBeNull();
    }
    expect(screen.queryByRole("checkbox")).toBeNull();
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(screen.getByText(/A manager can change them/)).toBeTruthy();
  });

  test("says so if there are no numbers, and how to begin", async () => {
    show(<NumbersView />, inventory([]));
    await screen.findByText("You have no numbers yet");
    expect(screen.getAllByRole("button", { name: "Purchase Org Numbers" })).toHaveLength(2);
  });

  test("says why the numbers cannot be shown", async () => {
    show(
      <NumbersView />,
      inventory([], {
        listNumbers: () => {
          throw failure("ORGANIZATION_NOT_FOUND", "there is no organization acme", Code.NotFound);
        },
      }),
    );
    await screen.findByText("There is no such organization");
  });
});

describe("mappings", () => {
  test("are removed by ×, and the removal can be undone", async () => {
    const calls: string[] = [];
    const user = show(
      <NumbersView />,
      inventory(NUMBERS, {
        unmapAreaCodes: ({ areaCodes }) => {
          calls.push(`unmap ${areaCodes}`);
          return { number: aNumber("+14155550100") };
        },
        mapAreaCodes: ({ areaCodes }) => {
          calls.push(`map ${areaCodes}`);
          return { number: aNumber("+14155550100", { mappedAreaCodes: areaCodes }) };
        },
      }),
    );
    await user.click(await screen.findByRole("button", { name: "Remove 628 from (415) 555-0100" }));
    await waitFor(() => expect(screen.queryByText("628")).toBeNull());
    await user.click(await screen.findByRole("button", { name: "Undo" }));
    await screen.findByText("628");
    expect(calls).toEqual(["unmap 628", "map 628"]);
  });

  test("are added, many at once: typed, and from the suggestions", async () => {
    let mapped: string[] = [];
    const user = show(
      <NumbersView />,
      inventory(NUMBERS, {
        getUsage: () =>
          create(GetUsageResponseSchema, {
            areaCodesWithoutLocalNumber: [
              { areaCode: "209", callCount: 40n },
              { areaCode: "212", callCount: 9n },
            ],
          }),
        mapAreaCodes: ({ areaCodes }) => {
          mapped = areaCodes;
          return { number: aNumber("+12125550100", { mappedAreaCodes: areaCodes }) };
        },
      }),
    );
    await user.click(await screen.findByRole("button", { name: "Add mapping to (212) 555-0100" }));
    await user.type(within(screen.getByRole("dialog")).getByRole("combobox"), "650,408 ");
    await user.click(await screen.findByRole("button", { name: "+ 646" }));
    await user.click(screen.getByRole("button", { name: "+ 209 40 calls" }));
    expect(screen.queryByRole("button", { name: /\+ 212/ })).toBeNull();
    await user.click(screen.getByRole("button", { name: "Map 4 area codes" }));
    await waitFor(() => expect(mapped).toEqual(["650", "408", "646", "209"]));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });

  test("to what is no area code are not sent", async () => {
    const user = show(<NumbersView />, routes);
    await user.click(await screen.findByRole("button", { name: "Add mapping to (212) 555-0100" }));
    await user.type(within(screen.getByRole("dialog")).getByRole("combobox"), "650 999 ");
    expect(screen.getByText("“999”: no geographic area code.")).toBeTruthy();
  });
});

describe("a deletion", () => {
  const many = Array.from({ length: 120 }, (_, index) => aNumber(`+1415555${String(1000 + index)}`));

  test("says what happens before it, and is not made without the typed count above ten", async () => {
    const deleted: string[][] = [];
    const requests = new Set<string>();
    const user = show(
      <NumbersView />,
      inventory(many, {
        deleteNumbers: ({ phoneNumbers, requestId }) => {
          deleted.push(phoneNumbers);
          requests.add(requestId);
          return { deleted: phoneNumbers.map((number) => aNumber(number, { state: NumberState.RELEASED })) };
        },
      }),
    );
    await user.click(await screen.findByRole("checkbox", { name: /Tick all/ }));
    await user.click(screen.getByRole("button", { name: "Delete Org Numbers (120)" }));
    const dialog = screen.getByRole("dialog");
    expect(dialog.textContent).toContain("They are released at the carrier at once. This cannot be undone.");
    expect(dialog.textContent).toContain("Call-backs to them no longer reach you.");
    expect(dialog.textContent).toContain("This saves $138.00 a month.");
    const submit = screen.getByRole("button", { name: "Delete 120 numbers" });
    expect(submit).toHaveProperty("disabled", true);
    await user.type(screen.getByLabelText("Type 120 to confirm"), "120");
    await user.click(submit);
    await waitFor(() => expect(deleted.map((part) => part.length)).toEqual([100, 20]));
    expect(requests.size).toBe(2);
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });

  test("that fails in part says which numbers are left, and why", async () => {
    const user = show(
      <NumbersView />,
      inventory(NUMBERS, {
        deleteNumbers: ({ phoneNumbers: [first, ...rest] }) => ({
          deleted: rest.map((number) => aNumber(number, { state: NumberState.RELEASED })),
          failures: [{ phoneNumber: first ?? "", status: status("NUMBER_NOT_ACTIVE", "the number is being bought") }],
        }),
      }),
    );
    await user.click(await screen.findByRole("checkbox", { name: "Tick (212) 555-0100" }));
    await user.click(screen.getByRole("checkbox", { name: "Tick (415) 555-0100" }));
    await user.click(screen.getByRole("button", { name: "Delete Org Numbers (2)" }));
    await user.click(screen.getByRole("button", { name: "Delete 2 numbers" }));
    const alert = await within(screen.getByRole("dialog")).findByRole("alert");
    expect(alert.textContent).toContain("1 number was not deleted:(212) 555-0100: The number is being bought.");
  });

  test("whose outcome is not known is repeated with the same request_id", async () => {
    const requests: string[] = [];
    const user = show(
      <NumbersView />,
      inventory(NUMBERS, {
        deleteNumbers: ({ phoneNumbers, requestId }) => {
          requests.push(requestId);
          if (requests.length === 1) throw failure("STORAGE_UNAVAILABLE");
          return { deleted: phoneNumbers.map((number) => aNumber(number, { state: NumberState.RELEASED })) };
        },
      }),
    );
    await user.click(await screen.findByRole("checkbox", { name: "Tick (212) 555-0100" }));
    await user.click(screen.getByRole("button", { name: "Delete Org Numbers (1)" }));
    await user.click(screen.getByRole("button", { name: "Delete 1 number" }));
    await user.click(await screen.findByRole("button", { name: "Try again" }));
    await waitFor(() => expect(requests).toHaveLength(2));
    expect(new Set(requests).size).toBe(1);
  });
});

describe("an import", () => {
  test("adds the ticked numbers of the carrier account", async () => {
    let imported: unknown;
    const user = show(
      <NumbersView />,
      inventory([], {
        listImportableNumbers: () => ({ numbers: [{ phoneNumber: "+18085550199" }, { phoneNumber: "+19075550199" }] }),
        importNumbers: ({ phoneNumbers, configure }) => {
          imported = { phoneNumbers, configure };
          return { numbers: phoneNumbers.map((number) => aNumber(number)) };
        },
      }),
      { search: "?dialog=import" },
    );
    await user.click(await screen.findByRole("checkbox", { name: "Tick (808) 555-0199" }));
    await user.click(screen.getByRole("button", { name: "Import 1 number" }));
    await waitFor(() => expect(imported).toEqual({ phoneNumbers: ["+18085550199"], configure: true }));
    await screen.findByText("1 number was imported.");
  });

  test("from an account that several organizations share is for admins", async () => {
    show(
      <NumbersView />,
      inventory([], {
        listImportableNumbers: () => {
          throw failure("PERMISSION_DENIED", "no", Code.PermissionDenied);
        },
      }),
      { search: "?dialog=import" },
    );
    await screen.findByText(/only an admin may import/);
  });
});
