/** The identifiers that make a call safe to retry. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { clone, create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import {
  BatchResolveOutboundCallerIdsRequestSchema,
  type Client,
  DeleteNumbersRequestSchema,
  DeleteOrganizationRequestSchema,
  DeleteUserRequestSchema,
  type PurchaseNumbersRequest,
  PurchaseNumbersRequestSchema,
  ReportInboundCallOutcomeRequestSchema,
  ResolveOutboundCallerIdRequestSchema,
  RouteInboundCallRequestSchema,
  withIds,
} from "@localdial/client";
import { unavailable } from "./fake_server.js";
import { connect, startServer } from "./fixture.js";

const uuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const leg = create(ResolveOutboundCallerIdRequestSchema, { organizationId: "acme", userId: "ann" });

interface Case<Desc extends DescMessage = DescMessage> {
  readonly name: string;
  readonly schema: Desc;
  readonly request: MessageShape<Desc>;
  readonly call: (client: Client, request: MessageShape<Desc>) => Promise<unknown>;
  readonly ids: (request: MessageShape<Desc>) => string[];
}

function named<Desc extends DescMessage>(each: Case<Desc>): Case {
  return each as unknown as Case;
}

for (const { name, schema, request, call, ids } of [
  named({
    name: "a purchase",
    schema: PurchaseNumbersRequestSchema,
    request: create(PurchaseNumbersRequestSchema, { areaCode: "415" }),
    call: (client, request) => client.numberInventory.purchaseNumbers(request),
    ids: ({ requestId }) => [requestId],
  }),
  named({
    name: "a deletion",
    schema: DeleteNumbersRequestSchema,
    request: create(DeleteNumbersRequestSchema, { phoneNumbers: ["+14155550100"] }),
    call: (client, request) => client.numberInventory.deleteNumbers(request),
    ids: ({ requestId }) => [requestId],
  }),
  named({
    name: "an outbound call",
    schema: ResolveOutboundCallerIdRequestSchema,
    request: leg,
    call: (client, request) => client.callRouting.resolveOutboundCallerId(request),
    ids: ({ callId }) => [callId],
  }),
  named({
    name: "a call-back",
    schema: RouteInboundCallRequestSchema,
    request: create(RouteInboundCallRequestSchema, { calledNumber: "+14155550100" }),
    call: (client, request) => client.callRouting.routeInboundCall(request),
    ids: ({ callId }) => [callId],
  }),
  named({
    name: "a batch",
    schema: BatchResolveOutboundCallerIdsRequestSchema,
    request: create(BatchResolveOutboundCallerIdsRequestSchema, { requests: [leg, leg, leg] }),
    call: (client, request) => client.callRouting.batchResolveOutboundCallerIds(request),
    ids: ({ requests }) => requests.map(({ callId }) => callId),
  }),
]) {
  test(`${name} has the same identifiers in every retry, and new ones in every call`, async () => {
    const server = await startServer();
    const client = connect(server);
    const before = clone(schema, request);
    server.answers(unavailable(), unavailable());
    await call(client, request);
    const [first, ...retries] = server.requests();
    assert.ok(first);
    assert.deepEqual(retries, [first, first]);
    const sent = ids(first);
    for (const id of sent) assert.match(id, uuid7);
    assert.equal(new Set(sent).size, sent.length);
    assert.deepEqual(request, before, "the caller's request is not changed");

    await call(client, request);
    assert.deepEqual(
      ids(server.last()).filter((id) => sent.includes(id)),
      [],
    );
  });
}

test("identifiers are also filled in for a request that is given as fields", async () => {
  const server = await startServer();
  const fields = { organizationId: "acme", areaCode: "415" };
  await connect(server).numberInventory.purchaseNumbers(fields);
  assert.match(server.last<PurchaseNumbersRequest>().requestId, uuid7);
  assert.deepEqual(fields, { organizationId: "acme", areaCode: "415" });
});

test("a request that needs no identifier is sent unchanged", async () => {
  const server = await startServer();
  const client = connect(server);
  const purchase = create(PurchaseNumbersRequestSchema, { requestId: "mine" });
  const call = create(ResolveOutboundCallerIdRequestSchema, { callId: "mine" });
  const trial = create(ResolveOutboundCallerIdRequestSchema, { validateOnly: true });
  const callBack = create(RouteInboundCallRequestSchema, { calledNumber: "+14155550100", callId: "mine" });
  const report = create(ReportInboundCallOutcomeRequestSchema, { organizationId: "acme" });
  await client.numberInventory.purchaseNumbers(purchase);
  await client.callRouting.resolveOutboundCallerId(call);
  await client.callRouting.resolveOutboundCallerId(trial);
  await client.callRouting.routeInboundCall(callBack);
  await client.callRouting.reportInboundCallOutcome(report);
  assert.deepEqual(server.requests(), [purchase, call, trial, callBack, report]);
});

test("withIds fills in each leg of a batch that needs an identifier", () => {
  const requests = [{}, { callId: "mine" }, { validateOnly: true }];
  const batch = create(BatchResolveOutboundCallerIdsRequestSchema, { requests });
  const ids = withIds(BatchResolveOutboundCallerIdsRequestSchema, batch).requests.map(({ callId }) => callId);
  assert.match(String(ids[0]), uuid7);
  assert.deepEqual(ids.slice(1), ["mine", ""]);
  assert.deepEqual(
    batch.requests.map(({ callId }) => callId),
    ["", "mine", ""],
  );
});

test("withIds keeps the identifiers that a request already has", () => {
  const filled = withIds(PurchaseNumbersRequestSchema, create(PurchaseNumbersRequestSchema));
  assert.match(filled.requestId, uuid7);
  assert.equal(withIds(PurchaseNumbersRequestSchema, filled), filled);
});

test("withIds takes the fields of a request, and sending the result twice has one identifier", async () => {
  const server = await startServer();
  const client = connect(server);
  const fields = { organizationId: "acme", areaCode: "415" };
  const request = withIds(PurchaseNumbersRequestSchema, fields);
  assert.match(request.requestId, uuid7);
  await client.numberInventory.purchaseNumbers(request);
  await client.numberInventory.purchaseNumbers(request);
  const sent = server.requests().map((each) => (each as typeof request).requestId);
  assert.deepEqual(sent, [request.requestId, request.requestId]);
  assert.deepEqual(fields, { organizationId: "acme", areaCode: "415" });
});

test("a request of another type, or none, is refused and not sent", async () => {
  const server = await startServer();
  const client = connect(server);
  const other = create(DeleteUserRequestSchema, { organizationId: "victim", userId: "ann" });
  for (const [request, given] of [
    [other, "localdial.v1.DeleteUserRequest"],
    [null, "null"],
    [undefined, "undefined"],
    ["victim", "string"],
  ] as const) {
    const wrong = {
      name: "TypeError",
      message: new RegExp(`must be a localdial.v1.DeleteOrganizationRequest .*${given}`),
    };
    // As plain JavaScript, in which nothing checks the type.
    await assert.rejects(client.directory.deleteOrganization(request as object), wrong);
    assert.throws(() => withIds(DeleteOrganizationRequestSchema, request as object), wrong);
  }
  assert.equal(server.received.length, 0);
});

test("a request with fields or values that do not fit is refused and not sent", async () => {
  const server = await startServer();
  const { directory, callRouting, numberInventory: inventory } = connect(server);
  const leg = { organizationId: "acme", userId: "ann", calleeNumber: "+14155550100" };
  // As plain JavaScript, in which nothing checks the type.
  const calls: [(request: object) => Promise<unknown>, object, string][] = [
    [directory.deleteOrganization, { organizationId: "victim", userId: "ann" }, "has no field userId"],
    [directory.deleteOrganization, { organization_id: "victim" }, "no field organization_id: use organizationId"],
    [directory.deleteOrganization, [], "not Array"],
    [directory.deleteOrganization, new Map(), "not Map"],
    [directory.setUser, { user: { userID: "ann" } }, "user is a localdial.v1.User, which has no field userID"],
    [
      directory.setUser,
      { user: create(DeleteUserRequestSchema) },
      "user must be a localdial.v1.User .*DeleteUserRequest",
    ],
    [directory.batchSetUsers, { users: [{}, { name: "Ann" }] }, "users\\[1\\] is a .* has no field name"],
    [callRouting.batchResolveOutboundCallerIds, { requests: [leg, "ann"] }, "requests\\[1\\] must be .* not string"],
    [callRouting.listOutboundCalls, { organizationId: "acme", startTime: new Date() }, "startTime must be .* not Date"],
    // A value of another type would become a string, or not be encoded.
    [directory.deleteOrganization, { organizationId: ["victim"] }, "organizationId must be a string, not Array"],
    [directory.deleteOrganization, { organizationId: 5 }, "organizationId must be a string, not number"],
    [
      directory.deleteOrganization,
      create(DeleteOrganizationRequestSchema, { organizationId: ["victim"] as unknown as string }),
      "organizationId must be a string, not Array",
    ],
    [callRouting.routeInboundCall, { allowDegraded: "false" }, "allowDegraded must be a boolean, not string"],
    [callRouting.reportInboundCallOutcome, { outcome: "ANSWERED" }, "outcome must be a number, not string"],
    [inventory.deleteNumbers, { phoneNumbers: "+14155550100" }, "phoneNumbers must be an Array, not string"],
    [inventory.deleteNumbers, { phoneNumbers: [14155550100] }, "phoneNumbers\\[0\\] must be a string, not number"],
    [callRouting.resolveOutboundCallerId, { ...leg, minRevision: null, callId: {} }, "callId must be .* not Object"],
    [callRouting.resolveOutboundCallerId, { ...leg, minRevision: true }, "minRevision must be .* not boolean"],
  ];
  for (const [call, request, message] of calls) {
    await assert.rejects(call(request), { name: "TypeError", message: new RegExp(message) });
  }
  assert.equal(server.received.length, 0);
});

test("a request may be an instance of a class, and a field may be undefined", async () => {
  const server = await startServer();
  class Leg {
    organizationId = "acme";
    callId = "mine";
    other = undefined;
  }
  await connect(server).callRouting.resolveOutboundCallerId(new Leg());
  assert.deepEqual(server.requests(), [
    create(ResolveOutboundCallerIdRequestSchema, { organizationId: "acme", callId: "mine" }),
  ]);
});
