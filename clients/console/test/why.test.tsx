import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, test, vi } from "vitest";
import { AuditEventKind, Role } from "#gen/localdial/v1/administration_pb";
import {
  CallerIdReason,
  CallRouting,
  CandidateVerdict,
  DestinationReason,
  type ExplainOutboundCallerIdRequest,
  InventoryMembership,
  RuleOutcome,
} from "#gen/localdial/v1/call_routing_pb";
import { Directory } from "#gen/localdial/v1/directory_pb";
import { NumberInventory } from "#gen/localdial/v1/number_inventory_pb";
import { LocalPresenceNumberSchema, NumberState } from "#gen/localdial/v1/number_pb";
import { placeOfCallee } from "../src/why/Facts";
import { localTimes } from "../src/why/local_time";
import { byDistance } from "../src/why/MapAreaCodeDialog";
import { WhyView } from "../src/why/WhyView";
import { show } from "./support/render";

const CALLEE = {
  phoneNumber: "+14155550123",
  areaCode: "415",
  region: "US-CA",
  country: "US",
  timeZones: ["America/Los_Angeles"],
};
const LOCAL = {
  decision: {
    case: "response" as const,
    value: { callerId: "+14155550100", reason: CallerIdReason.LOCAL_PRESENCE, calleeAreaCode: "415" },
  },
  rules: [
    {
      rule: CallerIdReason.AGENT_CALLER_ID_LOCAL,
      outcome: RuleOutcome.NO_CANDIDATE,
      detail: "The user has no caller ID.",
    },
    { rule: CallerIdReason.LOCAL_PRESENCE, outcome: RuleOutcome.CHOSEN, detail: "It is the only one." },
    { rule: CallerIdReason.LOCAL_PRESENCE_MAPPED, outcome: RuleOutcome.NOT_REACHED, detail: "Not reached." },
  ],
  candidates: [
    {
      phoneNumber: "+14155550100",
      rule: CallerIdReason.LOCAL_PRESENCE,
      verdict: CandidateVerdict.CHOSEN,
      rank: 1,
      state: NumberState.ACTIVE,
    },
    {
      phoneNumber: "+14155550101",
      rule: CallerIdReason.LOCAL_PRESENCE,
      verdict: CandidateVerdict.NOT_ACTIVE,
      state: NumberState.RELEASING,
    },
  ],
  candidateCount: 2,
  callee: CALLEE,
};
const NO_NUMBER = {
  ...LOCAL,
  decision: { case: "noCallerId" as const, value: { code: 9, message: "no caller ID" } },
  candidates: [],
  candidateCount: 0,
};

const QUESTION = "#callee=%2B14155550123&agent=ann";

function serve(explain: (request: ExplainOutboundCallerIdRequest) => object) {
  return (router: ConnectRouter) => {
    router.service(CallRouting, { explainOutboundCallerId: (request) => explain(request) });
    router.service(Directory, {
      listUsers: () => ({ users: [{ organizationId: "acme", userId: "ann", displayName: "Ann Lee" }] }),
    });
    router.service(NumberInventory, {
      listNumbers: () => ({
        numbers: [
          { organizationId: "acme", phoneNumber: "+12125550100", areaCode: "212", state: NumberState.ACTIVE },
          { organizationId: "acme", phoneNumber: "+16285550100", areaCode: "628", state: NumberState.ACTIVE },
        ],
      }),
      mapAreaCodes: () => ({}),
    });
  };
}

describe("the explanation of a caller ID", () => {
  test("is asked for with a borrower's number and an agent, which are then in the fragment of the URL", async () => {
    const explain = vi.fn((_request: ExplainOutboundCallerIdRequest) => LOCAL);
    const user = show(<WhyView />, serve(explain));
    await user.type(screen.getByLabelText("Borrower’s number"), "(415) 555-0123");
    await user.type(screen.getByRole("combobox", { name: "Agent" }), "lee");
    await user.click(await screen.findByRole("option", { name: /Ann Lee/ }));
    await user.click(screen.getByRole("button", { name: "Explain" }));
    await screen.findByText("If Ann Lee calls now, the borrower sees (415) 555-0100");
    expect(explain).toHaveBeenCalledWith(
      expect.objectContaining({ organizationId: "acme", userId: "ann", calleeNumber: "+14155550123", callId: "" }),
    );
    expect(window.location.search).toBe("");
    expect(Object.fromEntries(new URLSearchParams(window.location.hash.slice(1)))).toEqual({
      callee: "+14155550123",
      agent: "ann",
    });
  });

  test("is not asked for with half a number or without an agent, and says what is missing", async () => {
    const explain = vi.fn((_request: ExplainOutboundCallerIdRequest) => LOCAL);
    const user = show(<WhyView />, serve(explain));
    await user.type(screen.getByLabelText("Borrower’s number"), "415");
    await user.click(screen.getByRole("button", { name: "Explain" }));
    expect(screen.getByText(/Type the whole number/)).toBeTruthy();
    expect(screen.getByText("Choose an agent from the list.")).toBeTruthy();
    expect(explain).not.toHaveBeenCalled();
  });

  test("shows each rule, each candidate and the facts", async () => {
    show(
      <WhyView />,
      serve(() => LOCAL),
      { search: QUESTION },
    );
    const rules = (await screen.findAllByRole("listitem")).map((rule) => rule.textContent);
    expect(rules[0]).toContain("Nothing fits");
    expect(rules[0]).toContain("The user has no caller ID.");
    expect(rules[1]).toContain("Chosen");
    expect(rules[2]).toContain("Not reached");
    const rows = within(screen.getByRole("table")).getAllByRole("row");
    expect(rows[1]?.textContent).toBe("1(415) 555-0100its area codeShown");
    expect(rows[2]?.textContent).toBe("–(415) 555-0101its area codeIs being released");
    expect(screen.getByText("California, United States")).toBeTruthy();
    expect(screen.getByText(/\(Los Angeles\)/)).toBeTruthy();
    expect(screen.queryByRole("link", { name: /Buy/ })).toBeNull();
  });

  test("offers to buy or map the area code if no local number fits", async () => {
    const user = show(
      <WhyView />,
      serve(() => NO_NUMBER),
      { search: QUESTION },
    );
    await screen.findByText("If Ann Lee called now, there would be no number to show");
    expect(screen.getByRole("link", { name: "Buy a number in 415" }).getAttribute("href")).toContain(
      "/numbers?dialog=purchase&about=415",
    );
    await user.click(screen.getByRole("button", { name: "Map 415 to a number" }));
    const choice = await screen.findByLabelText<HTMLSelectElement>("Number");
    // 628 is assigned in the area of 415.
    await waitFor(() => expect(choice.value).toBe("+16285550100"));
    await user.click(screen.getByRole("button", { name: "Map" }));
    expect(await screen.findByText("(628) 555-0100 is now also shown for 415.")).toBeTruthy();
  });

  test("does not offer viewers what they may not do", async () => {
    show(
      <WhyView />,
      serve(() => NO_NUMBER),
      { search: QUESTION, role: Role.VIEWER },
    );
    await screen.findByText(/A manager can change them/);
    expect(screen.queryByRole("link", { name: /Buy/ })).toBeNull();
    expect(screen.queryByRole("button", { name: /Map/ })).toBeNull();
  });

  test("of a recorded call shows what was shown, what has changed, and where a call-back goes now", async () => {
    const explain = vi.fn((_request: ExplainOutboundCallerIdRequest) => ({
      ...LOCAL,
      recordedCall: {
        call: {
          callId: "c1",
          userId: "ann",
          calleeNumber: "+14155550123",
          callerId: "+14155550199",
          reason: CallerIdReason.LOCAL_PRESENCE,
        },
        wasInInventory: InventoryMembership.YES,
        callBack: {
          case: "callBackDestination" as const,
          value: { destinationNumber: "+12125550150", reason: DestinationReason.LAST_CALLER, userId: "ann" },
        },
        changes: [{ kind: AuditEventKind.NUMBER_REMOVED, subject: "+14155550199" }],
      },
    }));
    show(<WhyView />, serve(explain), { search: "#call=c1" });
    await screen.findByText("Another number than in the recorded call");
    expect(explain.mock.calls[0]?.[0]).toMatchObject({ callId: "c1", userId: "", calleeNumber: "" });
    expect(screen.getByText("Yes, the number was yours")).toBeTruthy();
    expect(await screen.findByText(/Goes to Ann Lee, \(212\) 555-0150: last agent who called\./)).toBeTruthy();
    expect(screen.getByText(/Number removed: \(415\) 555-0199/)).toBeTruthy();
  });

  test("says that an agent is not known", async () => {
    const explain = () => {
      throw new ConnectError("user “ann” does not exist", Code.NotFound);
    };
    show(<WhyView />, serve(explain), { search: QUESTION });
    expect((await screen.findByRole("alert")).textContent).toContain("User “ann” does not exist.");
  });
});

test("the local time names the places that have it, and leaves out zones that the browser does not know", () => {
  const now = new Date(Date.UTC(2026, 10, 30, 20, 5));
  expect(localTimes(["America/Denver", "America/Boise", "America/Los_Angeles", "Mars/Phobos"], now)).toEqual([
    "Mon 1:05 PM (Denver and Boise)",
    "Mon 12:05 PM (Los Angeles)",
  ]);
});

test("the place of a number is its state and country, or what is known of them", () => {
  expect(placeOfCallee({ areaCode: "876", region: "", country: "JM" })).toBe("Jamaica");
  expect(placeOfCallee({ areaCode: "+4420", region: "", country: "GB" })).toBe("United Kingdom");
  expect(placeOfCallee({ areaCode: "", region: "", country: "" })).toBe("");
});

test("numbers of the same area come first, and then those of the same state", () => {
  const numbers = ["212", "213", "628"].map((areaCode) => create(LocalPresenceNumberSchema, { areaCode }));
  const { near, far } = byDistance(numbers, "415");
  expect(near.map(({ areaCode }) => areaCode)).toEqual(["628", "213"]);
  expect(far.map(({ areaCode }) => areaCode)).toEqual(["212"]);
});
