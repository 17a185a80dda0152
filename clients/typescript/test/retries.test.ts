/** Which calls are retried, and when retrying stops. */

import assert from "node:assert/strict";
import { constants } from "node:http2";
import { test } from "node:test";
import { create, type DescService } from "@bufbuild/protobuf";
import { durationFromMs, MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { UnavailableError } from "@localdial/client";
import { ErrorInfoSchema, RetryInfoSchema } from "#client/gen/google/rpc/error_details_pb.js";
import { serviceConfig } from "#client/gen/service_config.js";
import { Backoff, pushbackOf, RetryPolicies } from "#client/retry.js";
import { services, unavailable } from "./fake_server.js";
import { addressOf, connect, failureOf, startServer, warmUp } from "./fixture.js";

const maxAttempts = 5;
const times = (count: number) => Array.from({ length: count }, unavailable);

test("exactly the methods that the contract declares safe are retried", () => {
  const policies = new RetryPolicies(serviceConfig);
  for (const service of Object.values<DescService>(services)) {
    for (const method of service.methods) {
      const safe = method.idempotency === Level.NO_SIDE_EFFECTS || method.idempotency === Level.IDEMPOTENT;
      assert.equal(policies.of(method) !== undefined, safe, method.name);
    }
  }
});

for (const code of [Code.Unavailable, Code.Canceled]) {
  test(`${Code[code]} is retried`, async () => {
    const server = await startServer();
    server.answers(new ConnectError("gone", code), { user: { userId: "ann" } });
    const { user } = await connect(server).directory.getUser({});
    assert.equal(user?.userId, "ann");
    const attempts = server.received.map(({ header }) => header.get("grpc-previous-rpc-attempts"));
    assert.deepEqual(attempts, [null, "1"]);
  });
}

test("a call gives up after five attempts with growing pauses", async () => {
  const server = await startServer();
  server.answers(...times(maxAttempts + 1));
  const start = performance.now();
  const error = await failureOf(connect(server).directory.setUser({}));
  const ms = performance.now() - start;
  assert.ok(error instanceof UnavailableError);
  assert.equal(error.message, `UNAVAILABLE: ${addressOf(server)}: restarting, ${maxAttempts} attempts`);
  assert.equal(server.received.length, maxAttempts);
  // 100, 200, 400 and 800 ms, each up to 20 % shorter or longer.
  assert.ok(ms > 1200, `${ms} ms`);
});

test("pauses double up to their limit, each up to 20 % shorter or longer at random", () => {
  const rounds = Array.from({ length: 200 }, () => {
    const backoff = new Backoff({ initialBackoffMs: 100, maxBackoffMs: 300, multiplier: 2 });
    return [backoff.next(), backoff.next(), backoff.next(), backoff.next()];
  });
  [100, 200, 300, 300].forEach((middle, index) => {
    const pauses = rounds.map((round) => Number(round[index]));
    assert.ok(Math.min(...pauses) >= middle * 0.8 && Math.max(...pauses) <= middle * 1.2);
    assert.ok(Math.max(...pauses) - Math.min(...pauses) > middle * 0.3, "at random");
  });
});

test("the client waits for as long as the server asks", async () => {
  const server = await startServer();
  server.answers(new ConnectError("busy", Code.Unavailable, { "grpc-retry-pushback-ms": "600" }));
  const start = performance.now();
  await connect(server).directory.getUser({});
  assert.ok(performance.now() - start >= 599);
  assert.equal(server.received.length, 2);
});

test("a call is not retried if the server asks for no retry", async () => {
  const server = await startServer();
  server.answers(new ConnectError("stop", Code.Unavailable, { "grpc-retry-pushback-ms": "-1" }));
  assert.equal((await failureOf(connect(server).directory.getUser({}))).code, "UNAVAILABLE");
  assert.equal(server.received.length, 1);
});

/** The refusal of a server, with its reason and how long to wait. */
const refusal = (reason: string, seconds: number) =>
  new ConnectError("refused", Code.ResourceExhausted, undefined, [
    { desc: ErrorInfoSchema, value: create(ErrorInfoSchema, { reason, domain: "localdial" }) },
    { desc: RetryInfoSchema, value: create(RetryInfoSchema, { retryDelay: durationFromMs(seconds * 1000) }) },
  ]);

test("a call that an overloaded server refuses is repeated after the delay", async () => {
  const server = await startServer();
  server.answers(refusal("OVERLOADED", 0.3), refusal("OVERLOADED", 0));
  const start = performance.now();
  await connect(server).directory.getUser({});
  assert.ok(performance.now() - start >= 299);
  assert.equal(server.received.length, 3);
});

test("an overload is reported if the delay exceeds the time left", async () => {
  const server = await startServer();
  server.answers(refusal("OVERLOADED", 60));
  assert.equal((await failureOf(connect(server).directory.getUser({}))).reason, "OVERLOADED");
  assert.equal(server.received.length, 1);
});

for (const reason of ["NUMBER_LIMIT_REACHED", "PURCHASE_LIMIT_REACHED", "REQUEST_TOO_LARGE"]) {
  test(`a call that fails with ${reason} is not tried again`, async () => {
    const server = await startServer();
    server.answers(refusal(reason, 0.01));
    assert.equal((await failureOf(connect(server).directory.getUser({}))).reason, reason);
    assert.equal(server.received.length, 1);
  });
}

test("any pushback that is not a number of milliseconds means never", () => {
  const written = [undefined, "0", "1500", "-1", "soon", "", ["1", "2"]].map(pushbackOf);
  assert.deepEqual(written, [undefined, 0, 1500, "never", "never", "never", "never"]);
});

test("retrying stops while a service is down, and resumes when it is up", async () => {
  const server = await startServer();
  const client = connect(server);
  /** Makes one more call. Returns how many attempts reached the server. */
  const attempts = async () => {
    const before = server.received.length;
    await client.directory.setUser({}).catch(() => {});
    return server.received.length - before;
  };
  server.answers(...times(1000));
  await Promise.all(Array.from({ length: 100 }, attempts));
  assert.equal(await attempts(), 1);
  server.forgetAnswers();
  for (let n = 0; n < 150; n += 1) assert.equal(await attempts(), 1);
  server.answers(unavailable());
  assert.equal(await attempts(), 2);
});

test("a refused stream is sent again once, in addition to the attempts of the retry policy", async () => {
  const server = await startServer();
  server.raw(({ stream }) => stream.close(constants.NGHTTP2_REFUSED_STREAM));
  server.answers(...times(maxAttempts));
  const error = await failureOf(connect(server).directory.getUser({}));
  assert.equal(error.code, "UNAVAILABLE");
  assert.equal(server.received.length, maxAttempts);
});

test("a call whose streams are always refused gives up", async () => {
  const server = await startServer();
  let refused = 0;
  for (let n = 0; n < 20; n += 1) {
    server.raw(({ stream }) => {
      refused += 1;
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
    });
  }
  assert.equal((await failureOf(connect(server).directory.getUser({}))).code, "UNAVAILABLE");
  assert.equal(refused, 1 + maxAttempts);
});

test("a call whose connection is lost is retried, and gives up as UNAVAILABLE", async () => {
  const server = await startServer();
  const client = connect(server);
  server.raw(() => server.cut());
  await client.directory.getUser({});
  assert.equal(server.received.length, 1);

  for (let n = 0; n < maxAttempts; n += 1) server.raw(() => server.cut());
  const error = await failureOf(client.directory.getUser({}));
  assert.equal(error.code, "UNAVAILABLE");
  assert.match(error.message, /the connection to .* was lost/);
});

test("a retry goes to another server", async () => {
  const servers = [await startServer(), await startServer()] as const;
  const [failing, healthy] = servers;
  const client = connect([...servers]);
  await warmUp(client, servers);
  failing.answers(...times(20));
  const calls = 8;
  for (let n = 0; n < calls; n += 1) await client.directory.setUser({});
  assert.equal(healthy.received.length, calls);
  assert.ok(failing.received.length <= calls, "each call tried the failing server at most once");
});
