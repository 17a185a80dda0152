/** Which calls are repeated, when, and that a service that is down is left in peace. */

import assert from "node:assert/strict";
import { constants } from "node:http2";
import { test } from "node:test";
import type { DescService } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { UnavailableError } from "@localdial/client";
import { serviceConfig } from "#client/gen/service_config.js";
import { Backoff, pushbackOf, RetryPolicies } from "#client/retry.js";
import { services, unavailable } from "./fake_server.js";
import { connect, failureOf, startServer, warmUp } from "./fixture.js";

const maxAttempts = 5;
const times = (count: number) => Array.from({ length: count }, unavailable);

test("the calls that the contract declares safe are repeated, and no others", () => {
  const policies = new RetryPolicies(serviceConfig);
  for (const service of Object.values<DescService>(services)) {
    for (const method of service.methods) {
      const safe = method.idempotency === Level.NO_SIDE_EFFECTS || method.idempotency === Level.IDEMPOTENT;
      assert.equal(policies.of(method) !== undefined, safe, method.name);
    }
  }
});

for (const code of [Code.Unavailable, Code.Canceled]) {
  test(`${Code[code]} is repeated`, async () => {
    const server = await startServer();
    server.answers(new ConnectError("gone", code), { user: { userId: "ann" } });
    const { user } = await connect(server).directory.getUser({});
    assert.equal(user?.userId, "ann");
    const attempts = server.received.map(({ header }) => header.get("grpc-previous-rpc-attempts"));
    assert.deepEqual(attempts, [null, "1"]);
  });
}

test("a service that stays away is given up, after pauses that grow", async () => {
  const server = await startServer();
  server.answers(...times(maxAttempts + 1));
  const start = performance.now();
  const error = await failureOf(connect(server).directory.setUser({}));
  const ms = performance.now() - start;
  assert.ok(error instanceof UnavailableError);
  assert.equal(error.message, "UNAVAILABLE: restarting");
  assert.equal(server.received.length, maxAttempts);
  // 100, 200, 400 and 800, each a fifth more or less.
  assert.ok(ms > 1200, `${ms} ms`);
});

test("pauses double up to their limit, each a fifth more or less by chance", () => {
  const rounds = Array.from({ length: 200 }, () => {
    const backoff = new Backoff({ initialBackoffMs: 100, maxBackoffMs: 300, multiplier: 2 });
    return [backoff.next(), backoff.next(), backoff.next(), backoff.next()];
  });
  [100, 200, 300, 300].forEach((middle, index) => {
    const pauses = rounds.map((round) => Number(round[index]));
    assert.ok(Math.min(...pauses) >= middle * 0.8 && Math.max(...pauses) <= middle * 1.2);
    assert.ok(Math.max(...pauses) - Math.min(...pauses) > middle * 0.3, "by chance");
  });
});

test("the pause that the server asks for is kept", async () => {
  const server = await startServer();
  server.answers(new ConnectError("busy", Code.Unavailable, { "grpc-retry-pushback-ms": "600" }));
  const start = performance.now();
  await connect(server).directory.getUser({});
  assert.ok(performance.now() - start >= 599);
  assert.equal(server.received.length, 2);
});

test("a server that asks for no repeat gets none", async () => {
  const server = await startServer();
  server.answers(new ConnectError("stop", Code.Unavailable, { "grpc-retry-pushback-ms": "-1" }));
  assert.equal((await failureOf(connect(server).directory.getUser({}))).code, "UNAVAILABLE");
  assert.equal(server.received.length, 1);
});

test("what a server writes into the header of the pause", () => {
  const written = [undefined, "0", "1500", "-1", "soon", "", ["1", "2"]].map(pushbackOf);
  assert.deepEqual(written, [undefined, 0, 1500, "never", "never", "never", "never"]);
});

test("a service that is down is left in peace until it is up", async () => {
  const server = await startServer();
  const client = connect(server);
  /** How often one more call comes to the server. */
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

test("a stream that the server refused was not touched: once more at once, and no attempt of the policy", async () => {
  const server = await startServer();
  server.raw(({ stream }) => stream.close(constants.NGHTTP2_REFUSED_STREAM));
  server.answers(...times(maxAttempts));
  const error = await failureOf(connect(server).directory.getUser({}));
  assert.equal(error.code, "UNAVAILABLE");
  assert.equal(server.received.length, maxAttempts);
});

test("a stream that the server refuses for ever is given up", async () => {
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

test("a server that is gone in the middle of a call", async () => {
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

test("a repeat goes to another server", async () => {
  const servers = [await startServer(), await startServer()] as const;
  const [ill, well] = servers;
  const client = connect([...servers]);
  await warmUp(client, servers);
  ill.answers(...times(20));
  const calls = 8;
  for (let n = 0; n < calls; n += 1) await client.directory.setUser({});
  assert.equal(well.received.length, calls);
  assert.ok(ill.received.length <= calls, "each came to the ill one once at most");
});
