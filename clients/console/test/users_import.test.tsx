import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { screen, waitFor } from "@testing-library/react";
import { describe, expect, test, vi } from "vitest";
import { BadRequestSchema, ErrorInfoSchema } from "#gen/google/rpc/error_details_pb";
import { type BatchSetUsersRequest, Directory, UserSchema } from "#gen/localdial/v1/directory_pb";
import { changesOf } from "../src/people/importing/changes";
import { ImportUsersDialog } from "../src/people/importing/ImportUsersDialog";
import { readUsersFile, usersFile } from "../src/people/importing/users_file";
import { csvTextOf } from "../src/ui/csv";
import { show } from "./support/render";
import { savedFiles } from "./support/saved_files";

const ANN = create(UserSchema, {
  organizationId: "acme",
  userId: "ann",
  displayName: "Ann Lee",
  workPhone: "+12065550192",
});
const HEADING = "user_id,display_name,caller_id,work_phone\n";

/** Checks users as the server does: of many violations, it lists the first ones. */
function batchSetUsers({ users }: BatchSetUsersRequest) {
  const violations = users.flatMap(({ workPhone }, index) =>
    workPhone.startsWith("+1555")
      ? [{ field: `users[${index}].work_phone`, description: "has an area code that does not exist" }]
      : [],
  );
  if (violations.length === 0) return {};
  throw new ConnectError("invalid fields", Code.InvalidArgument, undefined, [
    {
      desc: ErrorInfoSchema,
      value: { reason: "INVALID_FIELDS", metadata: { violation_count: String(violations.length) } },
    },
    { desc: BadRequestSchema, value: { fieldViolations: violations.slice(0, 2) } },
  ]);
}

function open(batch: (request: BatchSetUsersRequest) => object) {
  const onClose = vi.fn();
  const user = show(<ImportUsersDialog users={[ANN]} onClose={onClose} />, (router: ConnectRouter) => {
    router.service(Directory, { batchSetUsers: batch, listUsers: () => ({ users: [ANN] }) });
  });
  const choose = (text: string) => user.upload(screen.getByLabelText("CSV file"), new File([text], "users.csv"));
  return { user, choose, onClose };
}

describe("an import of users", () => {
  const files = savedFiles();

  test("writes nothing before it has shown what changes", async () => {
    const batch = vi.fn(batchSetUsers);
    const { user, choose, onClose } = open(batch);
    await choose(`${HEADING}ann,Ann Lee,,+12065550199\nbob,Bob Ray,,(206) 555-0193\n`);
    await screen.findByText("1 new user, 1 changed, 0 unchanged");
    expect(screen.getByText("(206) 555-0199")).toBeTruthy();
    expect(batch.mock.calls.map(([{ validateOnly }]) => validateOnly)).toEqual([true]);
    await user.click(screen.getByRole("button", { name: "Import 2 users" }));
    await waitFor(() => expect(onClose).toHaveBeenCalled());
    const written = batch.mock.lastCall?.[0];
    expect(written?.validateOnly).toBe(false);
    expect(written?.users.map(({ userId, workPhone }) => [userId, workPhone])).toEqual([
      ["ann", "+12065550199"],
      ["bob", "+12065550193"],
    ]);
  });

  test("has its wrong rows corrected in place", async () => {
    const { user, choose } = open(batchSetUsers);
    await choose(`${HEADING}ann,,,+12065550192\nbob,,,+15555550193\n`);
    await screen.findByText("1 row is wrong.");
    expect(screen.getByText("Has an area code that does not exist.")).toBeTruthy();
    const field = screen.getByLabelText("work_phone");
    await user.clear(field);
    await user.type(field, "+12065550193");
    await user.click(screen.getByRole("button", { name: "Check again" }));
    expect(await screen.findByRole("button", { name: "Import 2 users" })).toBeTruthy();
    expect(screen.queryByText(/is wrong/)).toBeNull();
  });

  test("finds every wrong row, although the server lists only the first ones", async () => {
    const { choose } = open(batchSetUsers);
    const rows = ["a", "b", "c", "d", "e"].map((id) => `${id},,,+1555555010${id.charCodeAt(0) % 10}`);
    await choose(HEADING + [...rows, "ann,,,+12065550192"].join("\n"));
    expect(await screen.findByText("5 rows are wrong.")).toBeTruthy();
    expect(screen.getByRole("button", { name: "Import 1 user, leave out 5" })).toBeTruthy();
  });

  test("leaves wrong rows out, and keeps them for correction", async () => {
    const { user, choose, onClose } = open(batchSetUsers);
    await choose(`${HEADING}ann,,,+12065550199\nbob,,,+15555550193\n`);
    await user.click(await screen.findByRole("button", { name: "Import 1 user, leave out 1" }));
    await screen.findByText("1 user was imported.");
    expect(await screen.findByText("Line 3")).toBeTruthy();
    expect(onClose).not.toHaveBeenCalled();
  });

  test("saves wrong rows as a file with what is wrong, which can be imported again", async () => {
    const { user, choose } = open(batchSetUsers);
    await choose(`${HEADING}bob,=1+1,,+15555550193\n`);
    await user.click(await screen.findByRole("button", { name: "Download the wrong rows" }));
    const text = (await files[0]?.text()) ?? "";
    expect(text.split("\r\n")).toEqual([
      "user_id,display_name,caller_id,work_phone,problem",
      `bob,"'=1+1",,+15555550193,work_phone has an area code that does not exist`,
    ]);
    expect("rows" in readUsersFile(text)).toBe(true);
  });

  test("refuses the same user twice, and a row that is not CSV", async () => {
    const { choose } = open(batchSetUsers);
    await choose(`${HEADING}bob,,,\nbob,,,\nzoe,"Zoe,,\n`);
    await screen.findByText("2 rows are wrong.");
    expect(screen.getByText("Is the same as in line 2.")).toBeTruthy();
    expect(screen.getByText(/A quote is not closed/)).toBeTruthy();
  });

  test("says which columns are missing", async () => {
    const { choose } = open(batchSetUsers);
    await choose("user_id,name\nann,Ann\n");
    expect((await screen.findByRole("alert")).textContent).toContain("display_name, caller_id, work_phone");
  });
});

test("a file of users is read as it was written, also with semicolons and a separator line", () => {
  expect(readUsersFile(usersFile([ANN]))).toMatchObject({ rows: [{ line: 2, values: { user_id: "ann" } }] });
  const spreadsheet = "sep=;\r\nWork_Phone;user_id;display_name;caller_id;Team\r\n+12065550192;ann;Ann Lee;;A\r\n";
  expect(readUsersFile(spreadsheet)).toEqual({
    rows: [
      {
        line: 3,
        values: { user_id: "ann", display_name: "Ann Lee", caller_id: "", work_phone: "+12065550192" },
      },
    ],
  });
});

test("a file is read in UTF-8 and UTF-16, and nothing else", async () => {
  expect(await csvTextOf(new Blob(["\ufeffJosé"]))).toBe("José");
  expect(await csvTextOf(new Blob([new Uint8Array([0xff, 0xfe, 0x4a, 0, 0xe9, 0])]))).toBe("Jé");
  expect(await csvTextOf(new Blob([new Uint8Array([0x4a, 0xe9])]))).toBeUndefined();
  expect(await csvTextOf(new Blob([new Uint8Array([0x50, 0x4b, 0, 0])]))).toBeUndefined();
});

test("rows that are as the users are change nothing", () => {
  const rows = [
    { line: 2, values: { user_id: "ann", display_name: "Ann Lee", caller_id: "", work_phone: "(206) 555-0192" } },
  ];
  expect(changesOf(rows, [ANN])).toEqual({ changes: [], unchanged: 1 });
});
