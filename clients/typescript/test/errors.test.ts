/** Every error that a server may send, and malformed ones. */

import assert from "node:assert/strict";
import type { Http2ServerResponse } from "node:http2";
import { test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack, DurationSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import * as localdial from "@localdial/client";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "#client/gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "#client/gen/google/rpc/status_pb.js";
import { addressOf, connect, failureOf, startServer } from "./fixture.js";

const { ErrorReason, errorFromStatus, LocaldialError } = localdial;
const reasons = Object.keys(ErrorReason).filter((name) => Number.isNaN(Number(name)) && name !== "UNSPECIFIED");

function info(reason: string, domain = "localdial", metadata: Record<string, string> = {}) {
  return { desc: ErrorInfoSchema, value: create(ErrorInfoSchema, { reason, domain, metadata }) };
}

/** Returns a response that consists of these trailers only. */
function trailersOnly(trailers: Record<string, string>) {
  return ({ stream }: Http2ServerResponse) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc", ...trailers }, { endStream: true });
  };
}

for (const [code, name, type] of [
  [Code.InvalidArgument, "INVALID_ARGUMENT", localdial.InvalidArgumentError],
  [Code.DeadlineExceeded, "DEADLINE_EXCEEDED", localdial.DeadlineExceededError],
  [Code.NotFound, "NOT_FOUND", localdial.NotFoundError],
  [Code.AlreadyExists, "ALREADY_EXISTS", localdial.AlreadyExistsError],
  [Code.PermissionDenied, "PERMISSION_DENIED", localdial.PermissionDeniedError],
  [Code.ResourceExhausted, "RESOURCE_EXHAUSTED", localdial.ResourceExhaustedError],
  [Code.FailedPrecondition, "FAILED_PRECONDITION", localdial.FailedPreconditionError],
  [Code.Unimplemented, "UNIMPLEMENTED", localdial.UnimplementedError],
  [Code.Internal, "INTERNAL", localdial.InternalError],
  [Code.Unauthenticated, "UNAUTHENTICATED", localdial.UnauthenticatedError],
  [Code.Unknown, "UNKNOWN", LocaldialError],
  [Code.Aborted, "ABORTED", LocaldialError],
  [Code.OutOfRange, "OUT_OF_RANGE", LocaldialError],
  [Code.DataLoss, "DATA_LOSS", LocaldialError],
] as const) {
  test(`${name} is thrown as ${type.name}, and the call is not retried`, async () => {
    const server = await startServer();
    server.answers(new ConnectError("told to fail", code));
    const error = await failureOf(connect(server).directory.setUser({ user: { userId: "ann" } }));
    assert.equal(error.constructor, type);
    assert.equal(error.name, type.name);
    assert.equal(error.code, name);
    assert.equal(error.message, `${name}: ${error.statusMessage}`);
    const noResponse = `; no response from ${addressOf(server)}, 1 attempt`;
    assert.equal(error.statusMessage, `told to fail${name === "DEADLINE_EXCEEDED" ? noResponse : ""}`);
    assert.deepEqual([error.reason, error.metadata, error.violations, error.retryDelayMs], ["", {}, [], undefined]);
    assert.deepEqual(error.request, server.received[0]?.request);
    assert.equal(server.received.length, 1);
  });
}

for (const reason of reasons) {
  test(`the reason ${reason} and its metadata are decoded`, async () => {
    const server = await startServer();
    const details = [info(reason, "localdial", { area_code: "415" })];
    server.answers(new ConnectError("no", Code.NotFound, undefined, details));
    const error = await failureOf(connect(server).directory.getUser({}));
    assert.equal(error.reason, reason);
    assert.deepEqual(error.metadata, { area_code: "415" });
    assert.equal(error.message, `NOT_FOUND (${reason}): no`);
  });
}

test("an error has every invalid field, even hundreds of them", async () => {
  const server = await startServer();
  const fieldViolations = Array.from({ length: 400 }, (_, n) => ({
    field: `users[${n}].caller_id`,
    description: "must be a phone number in E.164: + and 7 to 15 digits, such as +14155550100",
  }));
  const bad = { desc: BadRequestSchema, value: create(BadRequestSchema, { fieldViolations }) };
  server.answers(new ConnectError("users[0]", Code.InvalidArgument, undefined, [info("INVALID_FIELDS"), bad]));
  const error = await failureOf(connect(server).directory.batchSetUsers({}));
  assert.deepEqual(
    error.violations,
    fieldViolations.map(({ field, description }) => ({ field, description })),
  );
  assert.match(error.message, /^INVALID_ARGUMENT \(INVALID_FIELDS\): users\[0\]\.caller_id: must be .*; users\[1\]/);
});

for (const [total, unlisted] of [
  ["600", 599],
  ["1", 0],
  ["many", 0],
] as const) {
  test(`an error with violation_count ${total} says that ${unlisted} are not listed`, () => {
    const error = new LocaldialError("wrong", {
      code: "INVALID_ARGUMENT",
      metadata: { violation_count: total },
      violations: [{ field: "user_id", description: "is required" }],
    });
    assert.equal(error.unlistedViolations, unlisted);
    assert.equal(error.message, `INVALID_ARGUMENT: user_id: is required${unlisted ? "; and 599 more" : ""}`);
  });
}

test("the retry delay is decoded", async () => {
  const server = await startServer();
  const retryDelay = create(DurationSchema, { seconds: 2n, nanos: 500_000_000 });
  const retry = { desc: RetryInfoSchema, value: create(RetryInfoSchema, { retryDelay }) };
  server.answers(new ConnectError("later", Code.FailedPrecondition, undefined, [info("INTERNAL"), retry]));
  assert.equal((await failureOf(connect(server).directory.getUser({}))).retryDelayMs, 2500);
});

test("the message of a failed purchase contains its request_id", async () => {
  const server = await startServer();
  server.answers(new ConnectError("unknown", Code.Internal));
  const error = await failureOf(connect(server).numberInventory.purchaseNumbers({ requestId: "order-4711" }));
  assert.match(error.message, /unknown \[request_id order-4711\]$/);
});

test("a reason of another domain is ignored", async () => {
  const server = await startServer();
  server.answers(new ConnectError("no", Code.NotFound, undefined, [info("GONE", "proxy.example")]));
  assert.equal((await failureOf(connect(server).directory.getUser({}))).reason, "");
});

for (const [what, details] of [
  ["are not base64", "%%%"],
  ["are not a message", Buffer.from("\xff\xff\xff", "latin1").toString("base64")],
  [
    "contain a malformed detail",
    Buffer.from(
      toBinary(
        StatusSchema,
        create(StatusSchema, {
          code: 13,
          details: [{ typeUrl: "type.googleapis.com/google.rpc.ErrorInfo", value: Buffer.from([0xff]) }],
        }),
      ),
    ).toString("base64"),
  ],
] as const) {
  test(`details that ${what} do not hide the error itself`, async () => {
    const server = await startServer();
    server.raw(trailersOnly({ "grpc-status": "5", "grpc-message": "no%20user", "grpc-status-details-bin": details }));
    const error = await failureOf(connect(server).directory.getUser({}));
    assert.equal(error.code, "NOT_FOUND");
    assert.equal(error.message, "NOT_FOUND: no user");
  });
}

test("a wrongly encoded message is kept as it is", async () => {
  const server = await startServer();
  server.raw(trailersOnly({ "grpc-status": "5", "grpc-message": "100% sure" }));
  assert.equal((await failureOf(connect(server).directory.getUser({}))).statusMessage, "100% sure");
});

test("a status that gRPC does not define is UNKNOWN", async () => {
  const server = await startServer();
  server.raw(trailersOnly({ "grpc-status": "99" }));
  assert.equal((await failureOf(connect(server).directory.getUser({}))).code, "UNKNOWN");
});

for (const [httpStatus, code] of [
  [401, "UNAUTHENTICATED"],
  [403, "PERMISSION_DENIED"],
  [404, "UNIMPLEMENTED"],
  [500, "UNKNOWN"],
] as const) {
  test(`the HTTP status ${httpStatus} from a proxy becomes ${code}`, async () => {
    const server = await startServer();
    server.raw(({ stream }) => stream.respond({ ":status": httpStatus }, { endStream: true }));
    assert.equal((await failureOf(connect(server).directory.getUser({}))).code, code);
  });
}

test("a response that cannot be decoded is INTERNAL", async () => {
  const server = await startServer();
  server.raw((response) => {
    response.writeHead(200, { "content-type": "application/grpc" });
    response.addTrailers({ "grpc-status": "0" });
    response.end(Buffer.from([0, 0, 0, 0, 2, 0xff, 0xff]));
  });
  const error = await failureOf(connect(server).directory.getUser({}));
  assert.equal(error.code, "INTERNAL");
});

test("a response that is not gRPC is UNKNOWN and names its content type", async () => {
  const server = await startServer();
  server.raw((response) => {
    response.writeHead(200, { "content-type": "text/html" });
    response.end("<html></html>");
  });
  const error = await failureOf(connect(server).directory.getUser({}));
  assert.equal(error.code, "UNKNOWN");
  assert.match(error.message, /text\/html/);
});

test("errorFromStatus returns the same error for a status inside a response", () => {
  const detail = anyPack(ErrorInfoSchema, info("NUMBER_IN_USE", "localdial", { phone_number: "+14155550100" }).value);
  const error = errorFromStatus(create(StatusSchema, { code: 6, message: "taken", details: [detail] }));
  assert.ok(error instanceof localdial.AlreadyExistsError);
  assert.equal(error.message, "ALREADY_EXISTS (NUMBER_IN_USE): taken");
  assert.deepEqual(error.metadata, { phone_number: "+14155550100" });
  assert.equal(error.request, undefined);
});

test("errorFromStatus refuses the status OK", () => {
  assert.throws(() => errorFromStatus(create(StatusSchema, { code: 0 })), TypeError);
});
