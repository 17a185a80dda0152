/** Several servers, servers that come and go, and connections that die. */

import assert from "node:assert/strict";
import { createServer, type Server, type Socket, connect as tcpConnect } from "node:net";
import { afterEach, test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { FakeServer, Hang } from "./fake_server.js";
import { addressOf, connect, failureOf, open, sleep, startServer, until, warmUp } from "./fixture.js";

const listeners: { server: Server; sockets: Set<Socket> }[] = [];

afterEach(() => {
  for (const { server, sockets } of listeners.splice(0)) {
    server.close();
    for (const socket of sockets) socket.destroy();
  }
});

/** Listens, and does with each connection what it is told; answers the address. */
async function listen(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onConnection(socket);
  });
  listeners.push({ server, sockets });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

test("calls take turns over all servers", async () => {
  const servers = [await startServer(), await startServer(), await startServer()];
  const client = connect(servers);
  await warmUp(client, servers);
  for (let n = 0; n < 30; n += 1) await client.directory.getUser({});
  assert.deepEqual(
    servers.map(({ received }) => received.length),
    [10, 10, 10],
  );
});

test("a name stands for all its addresses", async () => {
  const server = await startServer();
  const client = open({ address: `localhost:${server.port}` });
  await client.directory.getUser({});
  assert.equal(server.received[0]?.header.get("host") ?? `localhost:${server.port}`, `localhost:${server.port}`);
});

test("one address of several that nobody serves does no harm", async () => {
  const server = await startServer();
  const silent = await listen(() => {});
  const client = open({ address: ["127.0.0.1:1", silent, "no-such-name.invalid:1", addressOf(server)] });
  for (let n = 0; n < 10; n += 1) await client.directory.getUser({});
  assert.equal(server.received.length, 10);
});

test("all addresses that nobody serves are named in the error", async () => {
  const error = await failureOf(open({ address: ["127.0.0.1:1", "127.0.0.1:2"] }).directory.getUser({}));
  assert.equal(error.code, "UNAVAILABLE");
  assert.match(error.message, /127\.0\.0\.1:1: .*127\.0\.0\.1:2: /);
});

test("a port that takes connections and says nothing ends by the deadline", async () => {
  const client = open({ address: await listen(() => {}) });
  const error = await failureOf(client.directory.getUser({}, { timeoutMs: 300 }));
  assert.equal(error.code, "DEADLINE_EXCEEDED");
});

test("a port that speaks something else", async () => {
  const client = open({ address: await listen((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n")) });
  const error = await failureOf(client.directory.getUser({}));
  assert.equal(error.code, "UNAVAILABLE");
  assert.match(error.message, /cannot connect to 127\.0\.0\.1:\d+: /);
});

test("a server that restarts at once is not noticed", async () => {
  const server = await startServer();
  const { port } = server;
  const client = connect(server);
  await client.directory.getUser({});
  await server.kill();
  const next = new FakeServer();
  setTimeout(() => void next.start(port), 150);
  await client.directory.getUser({});
  assert.equal(next.received.length, 1);
  await client.close();
  await next.kill();
});

test("a server that stops lets the calls end that it has, and gets no others", async () => {
  const servers = [await startServer(), await startServer()] as const;
  const client = connect([...servers]);
  await warmUp(client, servers);
  let answer: (response: object) => void = () => {};
  const slow = () =>
    new Promise<object>((resolve) => {
      answer = resolve;
    });
  for (const server of servers) server.answers(slow);
  const call = client.directory.getUser({});
  await until(() => servers.some(({ received }) => received.length > 0));
  const [leaving, staying] = servers[0].received.length ? servers : [servers[1], servers[0]];
  staying.forgetAnswers();
  leaving.drain();
  for (let n = 0; n < 10; n += 1) await client.directory.listUsers({});
  assert.equal(staying.received.length, 10);
  answer({ user: { userId: "done" } });
  assert.equal((await call).user?.userId, "done");
});

test("twenty restarts of two servers in turn, under load: no call fails", async () => {
  const servers = [await startServer(), await startServer()];
  const ports = servers.map(({ port }) => port);
  const client = connect(servers);
  let running = true;
  let calls = 0;
  const load = async () => {
    while (running) {
      await client.directory.getUser({});
      calls += 1;
      await sleep(1);
    }
  };
  const loads = Array.from({ length: 8 }, load);
  for (let round = 0; round < 20; round += 1) {
    const index = round % 2;
    const old = servers[index];
    // Now as an orchestrator does, now as a crash does.
    if (round % 4 < 2) {
      old?.drain();
      await sleep(20);
    }
    await old?.kill();
    const next = new FakeServer();
    await next.start(Number(ports[index]));
    servers[index] = next;
    await until(() => next.received.length > 0);
  }
  running = false;
  await Promise.all(loads);
  await client.close();
  await Promise.all(servers.map((server) => server.kill()));
  assert.ok(calls > 200, `${calls} calls`);
});

/** A way to a server that can be cut without either side being told. */
async function wire(server: FakeServer): Promise<{ address: string; cut: () => void; connections: () => number }> {
  let connections = 0;
  const pairs: [Socket, Socket][] = [];
  const address = await listen((socket) => {
    connections += 1;
    const upstream = tcpConnect(server.port, "127.0.0.1");
    upstream.on("error", () => {});
    socket.pipe(upstream).pipe(socket);
    pairs.push([socket, upstream]);
  });
  const cut = () => {
    for (const [socket, upstream] of pairs) {
      socket.unpipe();
      upstream.unpipe();
    }
  };
  return { address, cut, connections: () => connections };
}

test("a connection that died in silence costs one call its deadline, and no other", async () => {
  const server = await startServer();
  const { address, cut } = await wire(server);
  const client = open({ address });
  await client.directory.getUser({});
  cut();
  assert.equal((await failureOf(client.directory.getUser({}, { timeoutMs: 200 }))).code, "DEADLINE_EXCEEDED");
  await client.directory.getUser({}, { timeoutMs: 2000 });
});

test("metadata past what Node.js can read ends the call at once, and the next one finds a connection", async () => {
  const server = await startServer();
  const client = connect(server);
  server.answers(new ConnectError("too much", Code.NotFound, { "x-much": "~".repeat(100_000) }));
  const start = performance.now();
  const error = await failureOf(client.directory.getUser({}));
  assert.equal(error.code, "RESOURCE_EXHAUSTED");
  assert.match(error.message, /more metadata than Node\.js can read/);
  assert.ok(performance.now() - start < 2000);
  await client.directory.getUser({});
  assert.equal(server.connections, 2);
});

test("a slow server is not taken for a dead one", async () => {
  const server = await startServer();
  const client = connect(server);
  const hang = new Hang();
  server.answers(hang.answer);
  const call = failureOf(client.directory.getUser({}, { timeoutMs: 200 }));
  await hang.started;
  await client.directory.getUser({});
  assert.equal((await call).code, "DEADLINE_EXCEEDED");
  await client.directory.getUser({});
  assert.equal(server.connections, 1);
});

test("a quiet connection is pinged, and kept", async () => {
  const server = await startServer();
  const client = connect(server, { keepaliveMs: 50 });
  await client.directory.getUser({});
  let pings = 0;
  for (const session of server.sessions)
    session.on("ping", () => {
      pings += 1;
    });
  await until(() => pings >= 3);
  await client.directory.getUser({});
  assert.equal(server.connections, 1);
});

test("a server that finds the pings too many gets half of them", async () => {
  const server = await startServer();
  const client = connect(server, { keepaliveMs: 150 });
  await client.directory.getUser({});
  const ENHANCE_YOUR_CALM = 0xb;
  for (const session of server.sessions) session.goaway(ENHANCE_YOUR_CALM, 0, Buffer.from("too_many_pings"));
  await sleep(50);
  server.cut();
  await until(() => server.sessions.size === 0);
  await client.directory.getUser({});
  let pingedAfter = 0;
  const start = performance.now();
  for (const session of server.sessions) {
    session.once("ping", () => {
      pingedAfter = performance.now() - start;
    });
  }
  await until(() => pingedAfter > 0);
  assert.ok(pingedAfter > 250, `${pingedAfter} ms`);
});
