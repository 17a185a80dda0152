/** Helpers for the tests. */

import { after, afterEach } from "node:test";
import { Client, type ClientOptions, LocaldialError } from "@localdial/client";
import { FakeServer } from "./fake_server.js";

const clients: Client[] = [];
const servers: FakeServer[] = [];

/** Starts a server, which is stopped after the test. */
export async function startServer(...options: ConstructorParameters<typeof FakeServer>): Promise<FakeServer> {
  const server = new FakeServer(...options);
  await server.start();
  servers.push(server);
  return server;
}

export function addressOf(server: FakeServer): string {
  return `127.0.0.1:${server.port}`;
}

/** Returns a client of one or several servers, which is closed after the test. */
export function connect(to: FakeServer | FakeServer[], options: Partial<ClientOptions> = {}): Client {
  return open({ address: [to].flat().map(addressOf), ...options });
}

/** Returns a client, which is closed after the test. */
export function open(options: ClientOptions): Client {
  const client = new Client(options);
  clients.push(client);
  return client;
}

/** Makes calls until all servers are connected, and clears their records. */
export async function warmUp(client: Client, servers: readonly FakeServer[]): Promise<void> {
  while (servers.some(({ received }) => received.length === 0)) {
    await client.directory.getUser({});
    await sleep(1);
  }
  for (const { received } of servers) received.length = 0;
}

/** Returns the error of a call that must fail. */
export async function failureOf(call: Promise<unknown>): Promise<LocaldialError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof LocaldialError) return error;
    throw error;
  }
  throw new Error("the call did not fail");
}

export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until the condition is true. If it never is, the test fails by its timeout. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

async function endAll(): Promise<void> {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await Promise.all(servers.splice(0).map((server) => server.kill()));
}

afterEach(endAll);
after(endAll);
