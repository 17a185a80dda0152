import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ConnectRouter } from "@connectrpc/connect";
import { screen, within } from "@testing-library/react";
import { describe, expect, test, vi } from "vitest";
import { Administration, Component, ComponentState, Role } from "#gen/localdial/v1/administration_pb";
import { NumberInventory, type ReconcileNumbersRequest } from "#gen/localdial/v1/number_inventory_pb";
import { daysUntil, inWords } from "../src/health/durations";
import { HealthView } from "../src/health/HealthView";
import { show } from "./support/render";

const DAY_MS = 86_400_000;
const STATUS = {
  serverVersion: "0.1.0",
  components: [
    { component: Component.DATABASE, state: ComponentState.OK },
    { component: Component.CARRIER, state: ComponentState.WARNING, detail: "The carrier refuses the account." },
  ],
  openOrders: { count: 2n, oldestTime: timestampFromMs(Date.now() - 3 * 3_600_000) },
  openReleases: { count: 0n },
  missedCallBackCount: 4n,
  spooledCallCount: 0n,
  staleness: { seconds: 3n },
  certificates: [{ names: ["dial.example"], expireTime: timestampFromMs(Date.now() + 5.5 * DAY_MS) }],
};
const DRIFTED = [
  { number: { phoneNumber: "+14155550100" }, voiceUrl: "https://elsewhere.example/voice" },
  { number: { phoneNumber: "+14155550101" }, takesNoCalls: true },
];

function serve(status: object, reconcile: (request: ReconcileNumbersRequest) => object = () => ({})) {
  return (router: ConnectRouter) => {
    router.service(Administration, { getStatus: () => status });
    router.service(NumberInventory, {
      reconcileNumbers: (request) => reconcile(request),
      listNumbers: () => ({}),
    });
  };
}

describe("the state of the service", () => {
  test("is said in one sentence, and part by part", async () => {
    show(<HealthView />, serve(STATUS));
    await screen.findByText("1 part needs attention");
    const carrier = screen.getByText("Carrier").closest("li") as HTMLElement;
    expect(within(carrier).getByText("Needs attention")).toBeTruthy();
    expect(within(carrier).getByText("The carrier refuses the account.")).toBeTruthy();
  });

  test("has the age of open orders, the missed call-backs and the days that certificates have left", async () => {
    show(<HealthView />, serve(STATUS), { role: Role.ADMIN });
    expect(await screen.findByText("The oldest for 3 hours")).toBeTruthy();
    expect(screen.getByText("4")).toBeTruthy();
    expect(screen.getByRole("link", { name: "Show them" }).getAttribute("href")).toMatch(/call-backs#show=missed$/);
    expect(screen.getByText(/^5 days left, until/)).toBeTruthy();
    expect(screen.getByText("3 seconds")).toBeTruthy();
  });

  test("says nothing of certificates to those who are no admins", async () => {
    show(<HealthView />, serve({ ...STATUS, certificates: [] }), { role: Role.MANAGER });
    await screen.findByText("1 part needs attention");
    expect(screen.queryByRole("heading", { name: "Certificates" })).toBeNull();
  });

  test("does not take what is not known for none while the database is down", async () => {
    const { openOrders: _1, openReleases: _2, missedCallBackCount: _3, staleness: _4, ...rest } = STATUS;
    show(<HealthView />, serve(rest));
    expect(await screen.findAllByText("The database cannot be reached")).toHaveLength(4);
    expect(screen.queryByText("Nothing is open")).toBeNull();
  });

  test("that fails is worse than one that needs attention", async () => {
    const failed = { component: Component.CALL_LOG, state: ComponentState.FAILED };
    show(<HealthView />, serve({ ...STATUS, components: [...STATUS.components, failed] }));
    expect(await screen.findByText("1 part does not work")).toBeTruthy();
  });
});

describe("the comparison with the carrier", () => {
  test("is made when it is asked for, and changes no settings", async () => {
    const reconcile = vi.fn((_request: ReconcileNumbersRequest) => ({}));
    const user = show(<HealthView />, serve(STATUS, reconcile));
    await screen.findByText("1 part needs attention");
    expect(reconcile).not.toHaveBeenCalled();
    await user.click(screen.getByRole("button", { name: "Compare with the carrier" }));
    await screen.findByText("The numbers are as they are at the carrier.");
    expect(reconcile.mock.calls[0]?.[0]).toMatchObject({ organizationId: "acme", configure: false });
  });

  test("repairs where the carrier sends calls only after a question", async () => {
    const reconcile = vi.fn(({ configure }: ReconcileNumbersRequest) =>
      configure
        ? { configured: [{ phoneNumber: "+14155550100" }], configuredCount: 1 }
        : { drifted: DRIFTED, driftedCount: 2 },
    );
    const user = show(<HealthView />, serve(STATUS, reconcile));
    await user.click(await screen.findByRole("button", { name: "Compare with the carrier" }));
    expect(await screen.findByText("goes to https://elsewhere.example/voice")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Repair 1 number" }));
    expect(screen.getByText(/replaces the voice URL/)).toBeTruthy();
    expect(reconcile).toHaveBeenCalledTimes(1);
    await user.click(screen.getByRole("button", { name: "Send the calls here" }));
    expect(await screen.findByText("The carrier sends the calls to 1 number here again.")).toBeTruthy();
    expect(reconcile.mock.lastCall?.[0].configure).toBe(true);
  });

  test("is not offered to viewers", async () => {
    show(<HealthView />, serve(STATUS), { role: Role.VIEWER });
    await screen.findByText("1 part needs attention");
    expect(screen.queryByRole("button", { name: /Compare/ })).toBeNull();
    expect(screen.getByText("A manager can compare the numbers with the carrier.")).toBeTruthy();
  });
});

test.each([
  [0.4, "1 second"],
  [90, "90 seconds"],
  [150, "2 minutes"],
  [7 * 3600, "7 hours"],
  [50 * 3600, "2 days"],
])("%s seconds are %s", (seconds, words) => {
  expect(inWords(seconds)).toBe(words);
});

test("a certificate that has expired has less than no days left", () => {
  expect(daysUntil(timestampFromMs(1_000), 2_000)).toBeLessThan(0);
  expect(daysUntil(timestampFromMs(DAY_MS * 3 - 1), 0)).toBe(2);
});
