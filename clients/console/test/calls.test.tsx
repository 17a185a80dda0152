import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { screen, waitFor, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { describe, expect, test, vi } from "vitest";
import { CallerIdReason, CallRouting, type ListOutboundCallsRequest } from "#gen/localdial/v1/call_routing_pb";
import { Directory } from "#gen/localdial/v1/directory_pb";
import { CallsView } from "../src/calls/CallsView";
import { mostCalls } from "../src/calls/pages";
import { show } from "./support/render";
import { savedFiles } from "./support/saved_files";

const ANN = { organizationId: "acme", userId: "ann", displayName: "Ann Lee" };
const CALL = {
  callId: "c1",
  userId: "ann",
  calleeNumber: "+14155550123",
  callerId: "+14155550100",
  reason: CallerIdReason.LOCAL_PRESENCE,
  callTime: timestampFromDate(new Date(Date.UTC(2026, 10, 30, 12))),
};

type List = (request: ListOutboundCallsRequest) => { calls?: object[]; nextPageToken?: string };

function serve(list: List) {
  return (router: ConnectRouter) => {
    router.service(CallRouting, { listOutboundCalls: (request) => list(request) });
    router.service(Directory, { listUsers: () => ({ users: [ANN] }) });
  };
}

describe("the list of calls", () => {
  const files = savedFiles();

  test("shows who called whom with which caller ID, and links to the explanation", async () => {
    show(
      <CallsView />,
      serve(() => ({ calls: [CALL] })),
    );
    const row = (await screen.findByText("(415) 555-0123")).closest("tr") as HTMLElement;
    await within(row).findByText("Ann Lee");
    expect(row.textContent).toContain("(415) 555-0100");
    expect(row.textContent).toContain("Local number");
    expect(within(row).getByRole("link").getAttribute("href")).toMatch(/\/why#call=c1$/);
  });

  test("is filtered by the server as the URL says", async () => {
    const list = vi.fn<List>(() => ({}));
    const fragment = new URLSearchParams({ agent: "ann", number: "(415) 555-0123", period: "today" });
    show(<CallsView />, serve(list), { search: `#${fragment}` });
    await screen.findByText("No call matches the filters");
    expect(list).toHaveBeenCalledWith(
      expect.objectContaining({ userId: "ann", calleeNumber: "+14155550123", callerId: "" }),
    );
    expect(list.mock.lastCall?.[0].startTime).toBeDefined();
    expect(list.mock.lastCall?.[0].endTime).toBeUndefined();
  });

  test("keeps borrowers' numbers out of what browsers send: filters are in the fragment of the URL", async () => {
    show(
      <CallsView />,
      serve(() => ({ calls: [CALL] })),
    );
    await userEvent.type(screen.getByLabelText("Borrower’s number"), "4155550123");
    expect(window.location.search).toBe("");
    expect(new URLSearchParams(window.location.hash.slice(1)).get("number")).toBe("4155550123");
  });

  test("is not filtered by half a number, and says so", async () => {
    const list = vi.fn<List>(() => ({ calls: [CALL] }));
    show(<CallsView />, serve(list));
    await userEvent.type(await screen.findByLabelText("Borrower’s number"), "415555");
    expect(await screen.findByText(/Type the whole number/)).toBeTruthy();
    expect(list.mock.calls.every(([request]) => request.calleeNumber === "")).toBe(true);
  });

  test("is filtered by an agent who was deleted, named by the ID", async () => {
    const list = vi.fn<List>(() => ({ calls: [CALL] }));
    show(<CallsView />, serve(list));
    await userEvent.type(await screen.findByRole("combobox", { name: "Agent" }), "bob");
    await userEvent.click(await screen.findByText(/The ID “bob”/));
    await waitFor(() => expect(list).toHaveBeenLastCalledWith(expect.objectContaining({ userId: "bob" })));
  });

  test("shows more pages on demand", async () => {
    show(
      <CallsView />,
      serve(({ pageToken }) =>
        pageToken ? { calls: [{ ...CALL, callId: "c2" }] } : { calls: [CALL], nextPageToken: "next" },
      ),
    );
    await userEvent.click(await screen.findByRole("button", { name: "Show more" }));
    expect(await screen.findByText("2 calls, which are all.")).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Show more" })).toBeNull();
  });

  test("stays as it was, and says so, if the server goes away", async () => {
    show(
      <CallsView />,
      serve(({ pageToken }) => {
        if (pageToken) throw new ConnectError("no connection", Code.Unavailable);
        return { calls: [CALL], nextPageToken: "next" };
      }),
    );
    await userEvent.click(await screen.findByRole("button", { name: "Show more" }));
    expect(await screen.findByText(/The server cannot be reached. This was the state at/)).toBeTruthy();
    expect(screen.getByText("(415) 555-0123")).toBeTruthy();
  });

  test("is saved with all its pages, in E.164, and without formulas", async () => {
    show(
      <CallsView />,
      serve(({ pageToken }) =>
        pageToken
          ? { calls: [{ ...CALL, callId: "c2", userId: "=HYPERLINK(1)" }] }
          : { calls: [CALL], nextPageToken: "next" },
      ),
    );
    await screen.findByText("Ann Lee");
    await userEvent.click(screen.getByRole("button", { name: "Download as CSV" }));
    await waitFor(() => expect(files).toHaveLength(1));
    expect((await files[0]?.text())?.split("\r\n")).toEqual([
      "call_time,user_id,display_name,callee_number,caller_id,reason,call_id",
      "2026-11-30T12:00:00.000Z,ann,Ann Lee,+14155550123,+14155550100,LOCAL_PRESENCE,c1",
      `2026-11-30T12:00:00.000Z,"'=HYPERLINK(1)","'=HYPERLINK(1)",+14155550123,+14155550100,LOCAL_PRESENCE,c2`,
    ]);
    expect(await screen.findByText("2 calls are in the file.")).toBeTruthy();
  });

  test("has its first filter focused by the key /", async () => {
    show(
      <CallsView />,
      serve(() => ({ calls: [CALL] })),
    );
    await screen.findByText("Ann Lee");
    await userEvent.keyboard("/");
    expect(document.activeElement).toBe(screen.getByRole("combobox", { name: "Agent" }));
  });
});

test("a file has a bounded number of calls, and says that there are more", async () => {
  const getPage = vi.fn(async (from = 0) => ({ calls: [from, from + 1], next: from + 2 }));
  expect(await mostCalls(getPage, () => {}, 3)).toEqual({ calls: [0, 1, 2], isAll: false });
  expect(getPage).toHaveBeenCalledTimes(2);
});

test("a file that has all calls says so", async () => {
  const getPage = async (from = 0) => ({ calls: [from], next: from < 2 ? from + 1 : undefined });
  expect(await mostCalls(getPage, () => {}, 3)).toEqual({ calls: [0, 1, 2], isAll: true });
});
