import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { screen, waitFor } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { AvailableNumberSchema, NumberState } from "#gen/localdial/v1/number_pb";
import { NumbersView } from "../../src/numbers/NumbersView";
import { openPurchases } from "../../src/numbers/purchase/open_purchases";
import { priceOf } from "../../src/numbers/purchase/price";
import { ResumePurchases } from "../../src/numbers/purchase/ResumePurchases";
import { aNumber, failure, inventory, PRICE, status } from "../support/numbers";
import { show } from "../support/render";

const stock = (...areaCodes: string[]) => ({
  searchAvailableNumbers: ({ areaCode }: { areaCode: string }) => ({
    available: areaCodes.includes(areaCode)
      ? Array.from({ length: 5 }, (_, index) => ({ phoneNumber: `+1${areaCode}555010${index}`, monthlyPrice: PRICE }))
      : [],
  }),
});

const messages = () => screen.getByRole("region", { name: "Messages" });

async function order(user: ReturnType<typeof show>, code: string, quantity: string) {
  const [button] = await screen.findAllByRole("button", { name: "Purchase Org Numbers" });
  await user.click(button as HTMLElement);
  await user.type(screen.getByRole("combobox"), code);
  await user.clear(screen.getByRole("spinbutton"));
  await user.type(screen.getByRole("spinbutton"), quantity);
}

describe("a purchase", () => {
  test("says what it costs before it is made, and how many numbers were bought after it", async () => {
    const user = show(
      <NumbersView />,
      inventory([], {
        ...stock("415"),
        purchaseNumbers: ({ areaCode, quantity }) => ({
          numbers: Array.from({ length: quantity ?? 0 }, (_, index) => aNumber(`+1${areaCode}555010${index}`)),
        }),
      }),
    );
    await order(user, "415", "3");
    await user.click(await screen.findByRole("button", { name: "Buy 3 for $3.45 a month" }));
    await waitFor(() => expect(messages().textContent).toContain("3 numbers in 415 were purchased."));
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(openPurchases("acme")).toEqual([]);
  });

  test("asks for the stock of whole area codes only, whatever else is typed", async () => {
    const asked: string[] = [];
    const user = show(
      <NumbersView />,
      inventory([], {
        searchAvailableNumbers: ({ areaCode }: { areaCode: string }) => {
          asked.push(areaCode);
          return { available: [] };
        },
      }),
    );
    await order(user, "415", "1");
    await screen.findByText("The carrier has no numbers in 415 now.");
    expect(asked.filter((code) => code.length !== 3)).toEqual([]);
  });

  test("that finds no numbers charges nothing, and offers area codes that have some", async () => {
    const user = show(
      <NumbersView />,
      inventory([], {
        ...stock("646", "917"),
        purchaseNumbers: () => {
          throw failure("NO_NUMBERS_AVAILABLE", "none", Code.NotFound);
        },
      }),
    );
    await order(user, "212", "1");
    await user.click(screen.getByRole("button", { name: /^Buy 1/ }));
    await user.click(await screen.findByRole("button", { name: "Buy in 646" }));
    expect(screen.getByRole("combobox")).toHaveProperty("value", "646");
    await screen.findByRole("button", { name: "Buy 1 for $1.15 a month" });
  });

  test("that gets a part says why the rest is missing", async () => {
    const user = show(
      <NumbersView />,
      inventory([], {
        purchaseNumbers: () => ({
          numbers: [aNumber("+14155550100"), aNumber("+14155550101", { state: NumberState.RELEASING })],
          unfilledCount: 1,
          unfilledStatus: status("NUMBER_LIMIT_REACHED", "the organization may have 2 numbers"),
        }),
      }),
    );
    await order(user, "415", "3");
    await user.click(screen.getByRole("button", { name: /^Buy 3/ }));
    await waitFor(() =>
      expect(messages().textContent).toContain(
        "1 of 3 numbers in 415 was purchased. 1 is missing: The organization may have 2 numbers. " +
          "1 takes no voice calls and is released again.",
      ),
    );
  });

  test("is asked for again after a reload, with the same request_id", async () => {
    const asked: unknown[] = [];
    const routes = inventory([], {
      purchaseNumbers: ({ requestId, areaCode, quantity }) => {
        asked.push({ requestId, areaCode, quantity });
        return { numbers: [aNumber("+14155550100")] };
      },
    });
    sessionStorage.setItem(
      "localdial.purchases",
      JSON.stringify([{ organizationId: "acme", requestId: "r1", areaCode: "415", quantity: 1 }]),
    );
    show(<ResumePurchases />, routes);
    await waitFor(() => expect(messages().textContent).toContain("1 number in 415 was purchased."));
    expect(asked[0]).toEqual({ requestId: "r1", areaCode: "415", quantity: 1 });
    expect(openPurchases("acme")).toEqual([]);
  });

  test("is written down before it is sent", async () => {
    let written: unknown;
    const user = show(
      <NumbersView />,
      inventory([], {
        purchaseNumbers: ({ requestId }) => {
          written = openPurchases("acme").map((purchase) => purchase.requestId === requestId);
          return { numbers: [aNumber("+14155550100")] };
        },
      }),
    );
    await order(user, "415", "1");
    await user.click(screen.getByRole("button", { name: /^Buy 1/ }));
    await waitFor(() => expect(written).toEqual([true]));
  });

  test("in no area code is not sent, and the field says why", async () => {
    const user = show(<NumbersView />, inventory([]));
    await order(user, "999", "1");
    await user.click(screen.getByRole("button", { name: "Buy 1" }));
    expect(screen.getByRole("combobox").getAttribute("aria-invalid")).toBe("true");
    expect(screen.getByText(/“999” is no geographic area code/)).toBeTruthy();
    expect(openPurchases("acme")).toEqual([]);
  });
});

describe("the price", () => {
  const available = (...prices: (typeof PRICE | undefined)[]) =>
    prices.map((monthlyPrice) => create(AvailableNumberSchema, monthlyPrice && { monthlyPrice }));

  test("is the sum of the numbers' own", () => {
    expect(priceOf(available(PRICE, { ...PRICE, micros: 2_000_000n }, PRICE), 2)?.micros).toBe(3_150_000n);
  });

  test("goes on with the last one if there are too few", () => {
    expect(priceOf(available(PRICE), 3)?.micros).toBe(3_450_000n);
  });

  test("is not known if one is not known, or in another currency", () => {
    expect(priceOf(available(PRICE, undefined), 2)).toBeUndefined();
    expect(priceOf(available(PRICE, { ...PRICE, currencyCode: "CAD" }), 2)).toBeUndefined();
    expect(priceOf([], 1)).toBeUndefined();
  });
});
