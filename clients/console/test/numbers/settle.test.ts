import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import { expect, test, vi } from "vitest";
import { servicesOver } from "../../src/api/client";
import { settle } from "../../src/numbers/purchase/settle";
import { aNumber, failure, inventory } from "../support/numbers";

const PURCHASE = { organizationId: "acme", requestId: "r1", areaCode: "415", quantity: 1 };

/** Returns services whose purchases have these outcomes, one after another, and the requests that they had. */
function buying(...outcomes: (Error | undefined)[]) {
  const asked: string[] = [];
  const api = servicesOver(
    createRouterTransport(
      inventory([], {
        purchaseNumbers: ({ requestId }) => {
          asked.push(requestId);
          const error = outcomes.shift();
          if (error !== undefined) throw error;
          return { numbers: [aNumber("+14155550100")] };
        },
      }),
    ),
  );
  return { api, asked };
}

test("a purchase is asked for with the same request_id until its outcome is known", async () => {
  const reasons = ["PURCHASE_PENDING", "STORAGE_UNAVAILABLE", "SHUTTING_DOWN", "OVERLOADED"];
  const { api, asked } = buying(
    ...reasons.map((reason) => failure(reason)),
    new ConnectError("connection lost", Code.Unavailable),
    undefined,
  );
  const onWait = vi.fn();
  const outcome = await settle(api, PURCHASE, onWait, async () => {});
  expect(outcome).toMatchObject({ response: { numbers: [{ phoneNumber: "+14155550100" }] } });
  expect(asked).toEqual(Array(6).fill("r1"));
  expect(onWait.mock.calls.map(([{ reason }]) => reason)).toEqual([...reasons, "OFFLINE"]);
});

test.each(["NO_NUMBERS_AVAILABLE", "CARRIER_REFUSED", "CARRIER_UNAVAILABLE", "PERMISSION_DENIED", "INTERNAL"])(
  "a purchase that failed for %s is not repeated",
  async (reason) => {
    const { api, asked } = buying(failure(reason));
    expect(await settle(api, PURCHASE, () => {})).toMatchObject({ failure: { reason } });
    expect(asked).toEqual(["r1"]);
  },
);

test("the pause is the one that the server asks for, and otherwise grows to a bound", async () => {
  const { api } = buying(...Array(6).fill(failure("PURCHASE_PENDING")), undefined);
  const pauses: number[] = [];
  await settle(
    api,
    PURCHASE,
    () => {},
    async (milliseconds) => void pauses.push(milliseconds),
  );
  expect(pauses).toEqual([2000, 4000, 8000, 15_000, 15_000, 15_000]);
});
