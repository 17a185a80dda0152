/** Spreading calls over servers, servers that stop and start, and connections that fail. */

import assert from "node:assert/strict";
import { createServer, type Server, type Socket, connect as tcpConnect } from "node:net";
import { afterEach, test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { Balancer } from "#client/balancer.js";
import type { Subchannel } from "#client/subchannel.js";
import { FakeServer, Hang } from "./fake_server.js";
import { addressOf, connect, failureOf, open, sleep, startServer, until, warmUp } from "./fixture.js";

const settings = { secureContext: undefined, keepaliveMs: 30_000, keepaliveTimeoutMs: 10_000 };
const listeners: { server: Server; sockets: Set<Socket> }[] = [];

afterEach(() => {
  for (const { server, sockets } of listeners.splice(0)) {
    server.close();
    for (const socket of sockets) socket.destroy();
  }
});

/** Listens on a free port, and passes each connection to `onConnection`. Returns the address. */
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

test("a host name is resolved to its addresses", async () => {
  const server = await startServer();
  const client = open({ address: `localhost:${server.port}` });
  await client.directory.getUser({});
  assert.equal(server.received[0]?.header.get("host") ?? `localhost:${server.port}`, `localhost:${server.port}`);
});

test("a name is resolved again when its server drains, and calls on the old connection continue", async () => {
  const [old, other] = [new FakeServer(), new FakeServer()];
  await old.start();
  await other.start(old.port, "127.0.0.2");
  let ips = ["127.0.0.1"];
  const address = { host: "dial.example", port: old.port };
  const balancer = new Balancer([address], settings, async () => ips);
  const { signal } = new AbortController();
  const first = await balancer.pick(new Set(), signal);
  assert.equal(first.subchannel.target.ip, "127.0.0.1");
  assert.equal(first.subchannel.target.authority, `http://dial.example:${old.port}`);
  await sleep(1000);

  ips = ["127.0.0.2"];
  old.raw(() => {});
  first.connection.request({ ":path": "/slow", ":method": "POST" }, {}).on("error", () => {});
  await sleep(50);
  old.drain();
  await until(() => first.connection.state === "draining");
  // A pick finds no server at the old address, which causes a new lookup.
  while (other.connections === 0) {
    await balancer.pick(new Set(), signal).catch(() => {});
    await sleep(5);
  }
  assert.equal((await balancer.pick(new Set(), signal)).subchannel.target.ip, "127.0.0.2");
  assert.equal(first.connection.state, "draining");
  await balancer.close();
  assert.equal(first.connection.state, "dead");
  await Promise.all([old.kill(), other.kill()]);
});

test("unreachable addresses do not disturb calls while one server is reachable", async () => {
  const server = await startServer();
  const silent = await listen(() => {});
  const client = open({ address: ["127.0.0.1:1", silent, "no-such-name.invalid:1", addressOf(server)] });
  for (let n = 0; n < 10; n += 1) await client.directory.getUser({});
  assert.equal(server.received.length, 10);
});

test("the error names all addresses that cannot be connected to", async () => {
  const error = await failureOf(open({ address: ["127.0.0.1:1", "127.0.0.1:2"] }).directory.getUser({}));
  assert.equal(error.code, "UNAVAILABLE");
  assert.match(error.message, /127\.0\.0\.1:1: .*127\.0\.0\.1:2: /);
});

test("a call to a server that accepts connections but never answers ends at its deadline", async () => {
  const client = open({ address: await listen(() => {}) });
  const error = await failureOf(client.directory.getUser({}, { timeoutMs: 300 }));
  assert.equal(error.code, "DEADLINE_EXCEEDED");
});

test("a server that does not speak HTTP/2 is unavailable", async () => {
  const client = open({ address: await listen((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n")) });
  const error = await failureOf(client.directory.getUser({}));
  assert.equal(error.code, "UNAVAILABLE");
  assert.match(error.message, /cannot connect to 127\.0\.0\.1:\d+: /);
});

test("no call fails while a server restarts quickly", async () => {
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

test("a draining server finishes its calls and gets no new ones", async () => {
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

test("after a GOAWAY the client reconnects, and the open call continues", async () => {
  const server = await startServer();
  const client = connect(server);
  const hang = new Hang();
  server.answers(hang.answer);
  const controller = new AbortController();
  const call = failureOf(client.directory.getUser({}, { timeoutMs: 60_000, signal: controller.signal }));
  await hang.started;
  for (const session of server.sessions) session.close();
  await sleep(50);
  for (let n = 0; n < 5; n += 1) await client.directory.listUsers({});
  assert.equal(server.connections, 2);
  controller.abort();
  assert.equal((await call).code, "CANCELLED");
});

test("a server that was tried is picked again only if there is no other", async () => {
  const servers = [await startServer(), await startServer()];
  const addresses = servers.map(({ port }) => ({ host: "127.0.0.1", port }));
  const balancer = new Balancer(addresses, settings);
  const { signal } = new AbortController();
  const picks = async (tried: Subchannel[]) => {
    const found = new Set<Subchannel>();
    for (let n = 0; n < 10; n += 1) found.add((await balancer.pick(new Set(tried), signal)).subchannel);
    return [...found];
  };
  let all = await picks([]);
  while (all.length < 2) {
    await sleep(5);
    all = await picks([]);
  }
  const [one, other] = all as [Subchannel, Subchannel];
  assert.deepEqual(await picks([one]), [other]);
  assert.deepEqual(await picks([other]), [one]);
  assert.equal((await picks([one, other])).length, 2, "all were tried, so any is picked");
  await balancer.close();
});

test("no call fails during twenty rolling restarts of two servers under load", async () => {
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
    // Alternate between a graceful stop and a crash.
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
  assert.ok(calls > 40, `${calls} calls`);
});

/** A proxy to a server that can stop forwarding without closing its connections. */
async function silentProxy(server: FakeServer): Promise<{ address: string; cut: () => void }> {
  const pairs: [Socket, Socket][] = [];
  const address = await listen((socket) => {
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
  return { address, cut };
}

test("a connection that died silently costs only one call its deadline", async () => {
  const server = await startServer();
  const { address, cut } = await silentProxy(server);
  const client = open({ address });
  await client.directory.getUser({});
  cut();
  assert.equal((await failureOf(client.directory.getUser({}, { timeoutMs: 200 }))).code, "DEADLINE_EXCEEDED");
  await client.directory.getUser({}, { timeoutMs: 2000 });
});

test("closing does not wait for a server that no longer reads", async () => {
  const server = await startServer();
  const { address, cut } = await silentProxy(server);
  const client = open({ address });
  await client.directory.getUser({});
  cut();
  const users = Array.from({ length: 1000 }, () => ({ displayName: "x".repeat(16_000) }));
  const call = failureOf(client.directory.batchSetUsers({ users }));
  await sleep(300);
  const start = performance.now();
  await client.close();
  assert.ok(performance.now() - start < 2000);
  assert.equal((await call).code, "CANCELLED");
});

test("metadata larger than Node.js can read fails the call immediately, and the next call reconnects", async () => {
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
  await until(() => server.sockets.size === 1);
});

test("a slow server keeps its connection", async () => {
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

test("an idle connection is pinged and kept", async () => {
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

test("a server that reports too many pings is pinged half as often", async () => {
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
