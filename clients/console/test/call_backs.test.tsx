import type { ConnectRouter } from "@connectrpc/connect";
import { screen, waitFor, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { describe, expect, test, vi } from "vitest";
import {
  CallRouting,
  DestinationReason,
  InboundCallOutcome,
  type ListInboundCallsRequest,
} from "#gen/localdial/v1/call_routing_pb";
import { Directory } from "#gen/localdial/v1/directory_pb";
import { CallBacksView } from "../src/call_backs/CallBacksView";
import { show } from "./support/render";

const MISSED = {
  callId: "m1",
  callerNumber: "+14155550123",
  calledNumber: "+14155550100",
  outcome: InboundCallOutcome.MISSED,
};
const ANSWERED = {
  callId: "a1",
  callerNumber: "",
  calledNumber: "+14155550100",
  destinationNumber: "+12125550150",
  reason: DestinationReason.LAST_CALLER,
  userId: "ann",
  fallbackNumber: "+12125550199",
  outcome: InboundCallOutcome.ANSWERED,
};

type List = (request: ListInboundCallsRequest) => { calls?: object[]; nextPageToken?: string };

/** Lists as the server does: newest first, and only the missed ones if they are asked for. */
const list: List = ({ missed }) => ({ calls: missed ? [MISSED] : [ANSWERED, MISSED] });

function serve(listed: List) {
  return (router: ConnectRouter) => {
    router.service(CallRouting, { listInboundCalls: (request) => listed(request) });
    router.service(Directory, {
      listUsers: () => ({ users: [{ organizationId: "acme", userId: "ann", displayName: "Ann Lee" }] }),
    });
  };
}

function outcomes(): (string | null | undefined)[] {
  const [, body] = within(screen.getByRole("table")).getAllByRole("rowgroup");
  return within(body as HTMLElement)
    .getAllByRole("row")
    .map((row) => (row as HTMLTableRowElement).cells[1]?.textContent);
}

describe("the list of call-backs", () => {
  test("has the missed ones first, and each call once", async () => {
    show(<CallBacksView />, serve(list));
    await screen.findByText("Answered");
    expect(outcomes()).toEqual(["Missed", "Answered"]);
  });

  test("has only the missed ones, or all by time, as the URL says", async () => {
    show(<CallBacksView />, serve(list), { search: "#show=newest" });
    await screen.findByText("Answered");
    expect(outcomes()).toEqual(["Answered", "Missed"]);
    await userEvent.click(screen.getByRole("radio", { name: "Only missed" }));
    await waitFor(() => expect(outcomes()).toEqual(["Missed"]));
    expect(window.location.hash).toBe("#show=missed");
  });

  test("shows where a call went, and who withheld the number", async () => {
    show(<CallBacksView />, serve(list), { search: "#show=newest" });
    const row = (await screen.findByText("Withheld")).closest("tr") as HTMLElement;
    await waitFor(() => expect(row.textContent).toContain("Ann Lee, (212) 555-0150"));
    expect(row.textContent).toContain("then to (212) 555-0199");
    expect(row.textContent).toContain("Last agent who called");
  });

  test("is of the last 7 days at first, so that old missed calls do not come before those of today", async () => {
    const listed = vi.fn<List>(list);
    show(<CallBacksView />, serve(listed));
    await screen.findByText("Missed");
    expect(listed.mock.calls[0]?.[0].startTime).toBeDefined();
  });

  test("has the missed ones of all pages before the others", async () => {
    const older = { ...MISSED, callId: "m2" };
    show(
      <CallBacksView />,
      serve(({ missed, pageToken }) => {
        if (!missed) return { calls: [ANSWERED, MISSED, older] };
        return pageToken ? { calls: [older] } : { calls: [MISSED], nextPageToken: "next" };
      }),
    );
    await userEvent.click(await screen.findByRole("button", { name: "Show more" }));
    await screen.findByText("Answered");
    expect(outcomes()).toEqual(["Missed", "Missed", "Answered"]);
  });

  test("goes on behind the missed ones even if there are none", async () => {
    show(
      <CallBacksView />,
      serve(({ missed }) => (missed ? {} : { calls: [ANSWERED] })),
    );
    expect(await screen.findByText("Answered")).toBeTruthy();
  });
});
