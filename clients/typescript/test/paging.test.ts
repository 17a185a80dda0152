/** Iterating over the pages and items of a list. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { items, ListUsersRequestSchema, pages } from "@localdial/client";
import { connect, startServer } from "./fixture.js";

const users = (...ids: string[]) => ids.map((userId) => ({ userId }));
const twoPages = [{ users: users("ann", "bob"), nextPageToken: "2" }, { users: users("cem") }];

for (const [how, request] of [
  ["fields", { organizationId: "acme", pageSize: 2 }],
  ["a message", create(ListUsersRequestSchema, { organizationId: "acme", pageSize: 2 })],
] as const) {
  test(`pages yields all pages of a request given as ${how}, without changing it`, async () => {
    const server = await startServer();
    server.answers(...twoPages);
    const found: string[][] = [];
    for await (const page of pages(connect(server).directory.listUsers, request)) {
      found.push(page.users.map(({ userId }) => userId));
    }
    assert.deepEqual(found, [["ann", "bob"], ["cem"]]);
    assert.deepEqual(server.requests(), [
      create(ListUsersRequestSchema, { organizationId: "acme", pageSize: 2 }),
      create(ListUsersRequestSchema, { organizationId: "acme", pageSize: 2, pageToken: "2" }),
    ]);
    assert.ok(!("pageToken" in request) || request.pageToken === "");
  });
}

test("items yields the items of all pages in order", async () => {
  const server = await startServer();
  server.answers(...twoPages);
  const found: string[] = [];
  for await (const { userId } of items(connect(server).directory.listUsers, {}, (page) => page.users)) {
    found.push(userId);
  }
  assert.deepEqual(found, ["ann", "bob", "cem"]);
});

test("a page is fetched only when it is needed", async () => {
  const server = await startServer();
  server.answers(...twoPages);
  for await (const _ of items(connect(server).directory.listUsers, {}, (page) => page.users)) break;
  assert.equal(server.received.length, 1);
});

test("the options apply to each page, and errors are thrown", async () => {
  const server = await startServer();
  server.answers(...twoPages.slice(0, 1), new ConnectError("token", Code.InvalidArgument));
  const all = pages(connect(server).directory.listUsers, {}, { headers: { "x-team": "crm" } });
  await all.next();
  await assert.rejects(all.next(), /INVALID_ARGUMENT: token/);
  assert.deepEqual(
    server.received.map(({ header }) => header.get("x-team")),
    ["crm", "crm"],
  );
});
