/** Options, deadlines, cancelling, closing, and the sizes of messages. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { promisify } from "node:util";
import { create, type DescService } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  CancelledError,
  Client,
  type ClientOptions,
  DeadlineExceededError,
  ListUsersResponseSchema,
  ResourceExhaustedError,
  UserSchema,
  version,
} from "@localdial/client";
import { file_localdial_v1_call_routing } from "#client/gen/localdial/v1/call_routing_pb.js";
import { file_localdial_v1_directory } from "#client/gen/localdial/v1/directory_pb.js";
import { file_localdial_v1_number_inventory } from "#client/gen/localdial/v1/number_inventory_pb.js";
import { Hang, services, unavailable } from "./fake_server.js";
import { addressOf, connect, failureOf, open, sleep, startServer, until } from "./fixture.js";

const mebibyte = 1024 * 1024;

test("every RPC of the contract has a method that reaches the server", async () => {
  const server = await startServer();
  const client = connect(server);
  const contract = [file_localdial_v1_call_routing, file_localdial_v1_number_inventory, file_localdial_v1_directory];
  const inContract = contract.flatMap(({ services }) => services.map(({ typeName }) => typeName));
  assert.deepEqual(
    Object.values<DescService>(services)
      .map(({ typeName }) => typeName)
      .sort(),
    inContract.sort(),
  );
  for (const [name, service] of Object.entries<DescService>(services)) {
    const methods = client[name as keyof typeof services] as unknown as Record<string, (request: object) => unknown>;
    for (const method of service.methods) {
      await methods[method.localName]?.({});
      assert.equal(server.received.at(-1)?.method, method.name);
    }
  }
});

test("the version is the version of the package", () => {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  assert.equal(version, manifest.version);
});

test("a call sends the key, the user agent and the caller's headers", async () => {
  const server = await startServer();
  const client = connect(server, { key: "secret" });
  await client.directory.getUser({}, { headers: { "x-team": "crm" } });
  const header = server.received[0]?.header;
  assert.equal(header?.get("authorization"), "Bearer secret");
  assert.equal(header?.get("user-agent"), `localdial-client-typescript/${version}`);
  assert.equal(header?.get("x-team"), "crm");
});

test("the caller's authorization header replaces the key of the client", async () => {
  const server = await startServer();
  const client = connect(server, { key: "secret" });
  await client.directory.getUser({}, { headers: { authorization: "Bearer other" } });
  assert.equal(server.received[0]?.header.get("authorization"), "Bearer other");
});

for (const [what, options, message] of [
  ["a key that would be sent unencrypted", { address: "192.0.2.1:50051", key: "hidden" }, /over TLS only/],
  [
    "a key with one address that is not loopback",
    { address: ["127.0.0.1:1", "a.example:1"], key: "hidden" },
    /TLS only/,
  ],
  ["a key with a line break", { address: "127.0.0.1:1", key: "hid\nden" }, /visible ASCII/],
  ["no address", { address: [] }, /address is required/],
  ["an address without a port", { address: "127.0.0.1" }, /is not an address/],
  ["an address with a path", { address: "https://127.0.0.1:1" }, /is not an address/],
  ["an IPv6 address without brackets", { address: "::1:50051" }, /is not an address/],
  ["a port that does not exist", { address: "127.0.0.1:65536" }, /is not an address/],
  [
    "a root certificate that is not PEM",
    { address: "127.0.0.1:1", tls: { rootCertificate: "x" } },
    /no PEM certificate/,
  ],
  ["a client certificate without its key", { address: "127.0.0.1:1", tls: { clientCertificate: "x" } }, /belong/],
  ["a deadline of 0", { address: "127.0.0.1:1", timeoutMs: 0 }, /timeoutMs must be/],
  [
    "a deadline that is not a number",
    { address: "127.0.0.1:1", carrierTimeoutMs: Number.NaN },
    /carrierTimeoutMs must/,
  ],
] satisfies [string, ClientOptions, RegExp][]) {
  test(`the client refuses ${what}`, () => {
    assert.throws(
      () => new Client(options),
      (error: Error) => {
        assert.ok(error instanceof TypeError);
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /hid/);
        return true;
      },
    );
  });
}

for (const address of ["127.0.0.1:1", "127.8.8.8:1", "[::1]:1", "localhost:1", "dns:///localhost:1"]) {
  test(`a key may be sent unencrypted to ${address}`, async () => {
    await new Client({ address, key: "secret" }).close();
  });
}

test("a client connects with its first call", async () => {
  const server = await startServer();
  const client = connect(server);
  await sleep(50);
  assert.equal(server.connections, 0);
  await client.directory.getUser({});
  assert.equal(server.connections, 1);
});

test("a call ends at its own deadline, with its request in the error", async () => {
  const server = await startServer();
  const client = connect(server);
  const hang = new Hang();
  server.answers(hang.answer);
  const start = performance.now();
  const error = await failureOf(client.directory.getUser({ userId: "ann" }, { timeoutMs: 200 }));
  assert.ok(error instanceof DeadlineExceededError);
  assert.ok(performance.now() - start >= 199);
  assert.match(
    error.message,
    /^DEADLINE_EXCEEDED: the deadline of 200 ms has passed; no response from 127\.0\.0\.1:\d+, 1 attempt$/,
  );
  assert.deepEqual(error.request, server.received[0]?.request);
  await hang.ended;
});

test("calls that wait for the carrier have the longer deadline of the client", async () => {
  const server = await startServer();
  const client = connect(server, { timeoutMs: 4000, carrierTimeoutMs: 70_000 });
  await client.directory.getUser({});
  const { numberInventory } = client;
  await numberInventory.searchAvailableNumbers({});
  await numberInventory.purchaseNumbers({});
  await numberInventory.importNumbers({});
  await numberInventory.listImportableNumbers({});
  await numberInventory.deleteNumbers({});
  await numberInventory.reconcileNumbers({});
  await numberInventory.listNumbers({});
  const left = server.received.map(({ timeoutMs = 0 }) => Math.ceil(timeoutMs / 1000));
  assert.deepEqual(left, [4, 70, 70, 70, 70, 70, 70, 4]);
});

test("the default deadline is 5 seconds, and 60 for calls that wait for the carrier", async () => {
  const server = await startServer();
  const client = connect(server);
  await client.directory.getUser({});
  await client.numberInventory.purchaseNumbers({});
  assert.deepEqual(
    server.received.map(({ timeoutMs = 0 }) => Math.ceil(timeoutMs / 1000)),
    [5, 60],
  );
});

for (const timeoutMs of [0, -1, Number.NaN]) {
  test(`a call with a deadline of ${timeoutMs} fails without being sent`, async () => {
    const server = await startServer();
    const error = await failureOf(connect(server).directory.getUser({}, { timeoutMs }));
    assert.equal(error.code, "DEADLINE_EXCEEDED");
    assert.equal(server.received.length, 0);
  });
}

test("an infinite deadline is limited to about 24 days", async () => {
  const server = await startServer();
  await connect(server).directory.getUser({}, { timeoutMs: Number.POSITIVE_INFINITY });
  assert.ok(Number(server.received[0]?.timeoutMs) > 2e9);
});

test("the deadline includes all retries", async () => {
  const server = await startServer();
  server.answers(unavailable(), new Hang().answer);
  const start = performance.now();
  const error = await failureOf(connect(server).directory.getUser({}, { timeoutMs: 500 }));
  assert.equal(error.code, "DEADLINE_EXCEEDED");
  assert.ok(performance.now() - start < 2000);
  const [first, repeat] = server.received;
  assert.ok(Number(repeat?.timeoutMs) < Number(first?.timeoutMs) - 50);
});

test("the pause before a retry ends at the deadline", async () => {
  const server = await startServer();
  server.answers(new ConnectError("busy", Code.Unavailable, { "grpc-retry-pushback-ms": "4000" }));
  const start = performance.now();
  const error = await failureOf(connect(server).directory.getUser({}, { timeoutMs: 800 }));
  assert.equal(error.code, "DEADLINE_EXCEEDED");
  assert.ok(performance.now() - start < 3000);
  assert.equal(server.received.length, 1);
});

test("cancelling a call ends it on the server, and it is not retried", async () => {
  const server = await startServer();
  const hang = new Hang();
  server.answers(hang.answer);
  const controller = new AbortController();
  const call = failureOf(connect(server).directory.getUser({}, { signal: controller.signal }));
  await hang.started;
  controller.abort(new Error("hung up"));
  const error = await call;
  assert.ok(error instanceof CancelledError);
  assert.match(String(error.cause), /hung up/);
  await hang.ended;
  await sleep(200);
  assert.equal(server.received.length, 1, "it is not retried");
});

test("a call that is already cancelled is not sent", async () => {
  const server = await startServer();
  const error = await failureOf(connect(server).directory.getUser({}, { signal: AbortSignal.abort() }));
  assert.equal(error.code, "CANCELLED");
  assert.equal(server.connections, 0);
});

test("closing ends the calls in flight and the connections, and later calls fail", async () => {
  const server = await startServer();
  const client = connect(server);
  const hang = new Hang();
  server.answers(hang.answer);
  const call = failureOf(client.directory.getUser({ userId: "ann" }));
  await hang.started;
  await client.close();
  const error = await call;
  assert.ok(error instanceof CancelledError);
  assert.match(error.message, /closed during the call/);
  assert.deepEqual(error.request, server.received[0]?.request);
  await until(() => server.sockets.size === 0);
  await client.close();
  await assert.rejects(client.directory.getUser({}), /the client is closed/);
  assert.equal(server.received.length, 1);
});

test("closing ends a call that waits for its retry", async () => {
  const server = await startServer();
  const client = connect(server);
  server.answers(unavailable());
  const call = failureOf(client.directory.getUser({}));
  await until(() => server.received.length === 1);
  await sleep(20);
  await client.close();
  assert.equal((await call).code, "CANCELLED");
});

test("asyncDispose closes the client", async () => {
  const server = await startServer();
  {
    const client = new Client({ address: addressOf(server) });
    await client.directory.getUser({});
    await client[Symbol.asyncDispose]();
  }
  await until(() => server.sockets.size === 0);
});

test("closed clients leave no sockets open", async () => {
  const server = await startServer();
  const handles = () => process.getActiveResourcesInfo().filter((each) => each.startsWith("TCPSocket")).length;
  const before = handles();
  for (let round = 0; round < 30; round += 1) {
    const client = new Client({ address: [addressOf(server), "127.0.0.1:1", "localhost:1"] });
    await client.directory.getUser({});
    await client.close();
  }
  await until(() => server.sockets.size === 0);
  await until(() => handles() <= before);
});

test("an idle client does not keep the process running", async () => {
  const server = await startServer();
  const program = `
    import { Client } from ${JSON.stringify(new URL("../../dist/index.js", import.meta.url).href)};
    const client = new Client({ address: process.argv[1] });
    await client.directory.getUser({});
    console.log("answered");`;
  const node = [process.execPath, ["--input-type=module", "--eval", program, addressOf(server)]] as const;
  const { stdout } = await promisify(execFile)(...node, { timeout: 10_000 });
  assert.equal(stdout.trim(), "answered");
});

test("a page of 8 MiB is received", async () => {
  const server = await startServer();
  const users = Array.from({ length: 8 }, () => create(UserSchema, { displayName: "x".repeat(mebibyte) }));
  server.answers({ users });
  const page = await connect(server).directory.listUsers({});
  assert.deepEqual(page, create(ListUsersResponseSchema, { users }));
});

test("a response larger than 16 MiB is refused", async () => {
  const server = await startServer();
  server.answers({ user: { displayName: "x".repeat(17 * mebibyte) } });
  const error = await failureOf(connect(server).directory.getUser({}));
  assert.ok(error instanceof ResourceExhaustedError);
});

test("the largest request can be retried", async () => {
  const server = await startServer();
  const client = connect(server);
  const users = Array.from({ length: 1000 }, (_, n) => ({
    organizationId: "o".repeat(128),
    userId: String(n).padStart(128, "0"),
    displayName: "\u00e9".repeat(200),
  }));
  server.answers(unavailable());
  await client.directory.batchSetUsers({ users });
  const [first, repeat] = server.received;
  assert.deepEqual(repeat?.request, first?.request);
});

test("the error says which address refused the connection", async () => {
  const error = await failureOf(open({ address: "127.0.0.1:1" }).directory.getUser({}));
  assert.equal(error.code, "UNAVAILABLE");
  assert.match(error.message, /cannot connect to 127.0.0.1:1: connect ECONNREFUSED/);
});

test("the error says which host name does not exist", async () => {
  const error = await failureOf(open({ address: "no-such-name.invalid:50051" }).directory.getUser({}));
  assert.equal(error.code, "UNAVAILABLE");
  assert.match(error.message, /cannot resolve no-such-name\.invalid:50051: .*, 5 attempts$/);
});

test("a call that runs out of time says why its attempts failed", async () => {
  const error = await failureOf(open({ address: "127.0.0.1:1" }).directory.getUser({}, { timeoutMs: 300 }));
  assert.equal(error.code, "DEADLINE_EXCEEDED");
  assert.match(
    error.message,
    /^DEADLINE_EXCEEDED: the deadline of 300 ms has passed; cannot connect to 127\.0\.0\.1:1: .*ECONNREFUSED.*, \d attempts?$/,
  );
});

test("a call that no server answers says how often it was tried", async () => {
  const error = await failureOf(open({ address: "127.0.0.1:1" }).directory.getUser({}));
  assert.match(error.message, /^UNAVAILABLE: cannot connect to 127\.0\.0\.1:1: .*ECONNREFUSED.*, 5 attempts$/);
});
