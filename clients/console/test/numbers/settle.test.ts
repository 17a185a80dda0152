import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { servicesOver } from "../../src/api/client";
import { isNothingBought, settle } from "../../src/numbers/purchase/settle";
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

const again = async () => true;

test("a purchase is asked for with the same request_id until its outcome is known", async () => {
  const reasons = ["PURCHASE_PENDING", "STORAGE_UNAVAILABLE", "SHUTTING_DOWN", "OVERLOADED"];
  const { api, asked } = buying(
    ...reasons.map((reason) => failure(reason)),
    new ConnectError("connection lost", Code.Unavailable),
    undefined,
  );
  const told: string[] = [];
  const outcome = await settle(api, PURCHASE, async ({ reason }) => told.push(reason) > 0);
  expect(outcome).toMatchObject({ response: { numbers: [{ phoneNumber: "+14155550100" }] } });
  expect(asked).toEqual(Array(6).fill("r1"));
  expect(told).toEqual([...reasons, "OFFLINE"]);
});

test.each(["NO_NUMBERS_AVAILABLE", "CARRIER_REFUSED", "CARRIER_UNAVAILABLE", "PERMISSION_DENIED", "INTERNAL"])(
  "a purchase that failed for %s is not repeated",
  async (reason) => {
    const { api, asked } = buying(failure(reason));
    expect(await settle(api, PURCHASE, again)).toMatchObject({ failure: { reason } });
    expect(asked).toEqual(["r1"]);
  },
);

test("the pauses grow to a bound", async () => {
  const { api } = buying(...Array(6).fill(failure("PURCHASE_PENDING")), undefined);
  const pauses: number[] = [];
  await settle(api, PURCHASE, async (_, milliseconds) => pauses.push(milliseconds) > 0);
  expect(pauses).toEqual([2000, 4000, 8000, 15_000, 15_000, 15_000]);
});

test("if the user stops asking, nothing more is sent, and the outcome is still not known", async () => {
  const { api, asked } = buying(failure("PURCHASE_PENDING"), undefined);
  const outcome = await settle(api, PURCHASE, async () => false);
  expect(asked).toEqual(["r1"]);
  expect("failure" in outcome && isNothingBought(outcome.failure)).toBe(false);
});
