/** Reading your own writes. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  type BatchResolveOutboundCallerIdsRequest,
  type Client,
  Directory,
  type ResolveOutboundCallerIdRequest,
  SetUserRequestSchema,
  SetUserResponseSchema,
} from "@localdial/client";
import { ErrorInfoSchema } from "#client/gen/google/rpc/error_details_pb.js";
import { Revisions } from "#client/revisions.js";
import type { FakeServer } from "./fake_server.js";
import { connect, failureOf, startServer } from "./fixture.js";

const acme = { organizationId: "acme" };
const notReached = create(ErrorInfoSchema, { reason: "REVISION_NOT_REACHED", domain: "localdial" });

/** Makes a call to resolve. Returns the min_revision that it sent. */
async function sentMinRevision(
  client: Client,
  server: FakeServer,
  organizationId = "acme",
  minRevision = 0n,
): Promise<bigint> {
  await client.callRouting.resolveOutboundCallerId({ organizationId, minRevision });
  return server.last<ResolveOutboundCallerIdRequest>().minRevision;
}

async function change(client: Client, server: FakeServer, revision: bigint, organizationId = "acme"): Promise<void> {
  server.answers({ revision });
  await client.directory.setUser({ user: { organizationId } });
}

for (const [name, make] of [
  ["SetOrganization", (client) => client.directory.setOrganization({ organization: acme })],
  ["DeleteOrganization", (client) => client.directory.deleteOrganization(acme)],
  ["SetUser", (client) => client.directory.setUser({ user: acme })],
  ["DeleteUser", (client) => client.directory.deleteUser(acme)],
  ["BatchSetUsers", (client) => client.directory.batchSetUsers(acme)],
  ["PurchaseNumbers", (client) => client.numberInventory.purchaseNumbers(acme)],
  ["ImportNumbers", (client) => client.numberInventory.importNumbers(acme)],
  ["DeleteNumbers", (client) => client.numberInventory.deleteNumbers(acme)],
  ["MapAreaCodes", (client) => client.numberInventory.mapAreaCodes(acme)],
  ["UnmapAreaCodes", (client) => client.numberInventory.unmapAreaCodes(acme)],
] satisfies [string, (client: Client) => Promise<unknown>][]) {
  test(`a resolve after ${name} sends its revision`, async () => {
    const server = await startServer();
    const client = connect(server);
    assert.equal(await sentMinRevision(client, server), 0n);
    server.answers({ revision: 7n });
    await make(client);
    assert.equal(await sentMinRevision(client, server), 7n);
    assert.equal(await sentMinRevision(client, server, "other"), 0n);
  });
}

test("the highest revision is sent, whatever the order of the responses", async () => {
  const server = await startServer();
  const client = connect(server);
  await change(client, server, 7n);
  await change(client, server, 6n);
  assert.equal(await sentMinRevision(client, server), 7n);
});

test("the revision in the response to a resolve is not remembered", async () => {
  const server = await startServer();
  const client = connect(server);
  server.answers({ revision: 7n });
  await client.callRouting.resolveOutboundCallerId(acme);
  assert.equal(await sentMinRevision(client, server), 0n);
});

test("a min_revision of the caller is sent unchanged", async () => {
  const server = await startServer();
  const client = connect(server);
  await change(client, server, 7n);
  assert.equal(await sentMinRevision(client, server, "acme", 3n), 3n);
});

test("each leg of a batch sends the revision of its own organization", async () => {
  const server = await startServer();
  const client = connect(server);
  await change(client, server, 7n, "acme");
  await change(client, server, 9n, "beta");
  const requests = [acme, { organizationId: "beta" }, { organizationId: "gamma" }, { ...acme, minRevision: 2n }];
  await client.callRouting.batchResolveOutboundCallerIds({ requests });
  const sent = server.last<BatchResolveOutboundCallerIdsRequest>();
  assert.deepEqual(
    sent.requests.map(({ minRevision }) => minRevision),
    [7n, 9n, 0n, 2n],
  );
});

test("readYourWrites: false sends no min_revision", async () => {
  const server = await startServer();
  const client = connect(server, { readYourWrites: false });
  await change(client, server, 7n);
  assert.equal(await sentMinRevision(client, server), 0n);
});

test("a revision that is not reached is forgotten, and the error is thrown", async () => {
  const server = await startServer();
  const client = connect(server);
  await change(client, server, 7n);
  const details = [{ desc: ErrorInfoSchema, value: notReached }];
  server.answers(new ConnectError("restored", Code.FailedPrecondition, undefined, details));
  const error = await failureOf(client.callRouting.resolveOutboundCallerId(acme));
  assert.equal(error.reason, "REVISION_NOT_REACHED");
  assert.equal(await sentMinRevision(client, server), 0n);
});

test("a batch forgets only the revision of the leg that did not reach it", async () => {
  const server = await startServer();
  const client = connect(server);
  await change(client, server, 7n, "acme");
  await change(client, server, 9n, "beta");
  const status = { code: 9, details: [anyPack(ErrorInfoSchema, notReached)] };
  server.answers({ results: [{}, { result: { case: "status", value: status } }] });
  await client.callRouting.batchResolveOutboundCallerIds({ requests: [acme, { organizationId: "beta" }] });
  assert.equal(await sentMinRevision(client, server, "acme"), 7n);
  assert.equal(await sentMinRevision(client, server, "beta"), 0n);
});

test("an unreached min_revision of the caller does not erase the remembered revision", async () => {
  const server = await startServer();
  const client = connect(server);
  await change(client, server, 7n);
  const details = [{ desc: ErrorInfoSchema, value: notReached }];
  server.answers(new ConnectError("never", Code.FailedPrecondition, undefined, details));
  await failureOf(client.callRouting.resolveOutboundCallerId({ ...acme, minRevision: 99n }));
  assert.equal(await sentMinRevision(client, server), 7n);
});

test("the least recently used organization is forgotten when the capacity is exceeded", () => {
  const revisions = new Revisions(2);
  const learn = (organizationId: string, revision: bigint) =>
    revisions.learn(
      Directory.method.setUser,
      create(SetUserRequestSchema, { user: { organizationId } }),
      create(SetUserResponseSchema, { revision }),
    );
  learn("a", 1n);
  learn("b", 2n);
  assert.equal(revisions.of("a"), 1n);
  learn("c", 3n);
  assert.deepEqual(
    ["a", "b", "c"].map((each) => revisions.of(each)),
    [1n, 0n, 3n],
  );
});
