/** All pages of a list. */

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
  test(`all pages of a request written as ${how}, which is not changed`, async () => {
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

test("all items, one by one", async () => {
  const server = await startServer();
  server.answers(...twoPages);
  const found: string[] = [];
  for await (const { userId } of items(connect(server).directory.listUsers, {}, (page) => page.users)) {
    found.push(userId);
  }
  assert.deepEqual(found, ["ann", "bob", "cem"]);
});

test("a page is fetched when it is asked for", async () => {
  const server = await startServer();
  server.answers(...twoPages);
  for await (const _ of items(connect(server).directory.listUsers, {}, (page) => page.users)) break;
  assert.equal(server.received.length, 1);
});

test("the options hold for each page, and errors are passed on", async () => {
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
