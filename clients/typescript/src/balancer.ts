/** Spreads calls over all servers: every address, and every IP address that a host name resolves to. */

import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { Address } from "./address.js";
import type { Connection, ConnectionSettings, Target } from "./connection.js";
import { Subchannel } from "./subchannel.js";

// The shortest time between two lookups of a name. A lost connection causes a lookup, because servers move.
const resolveEveryMs = 1000;

/** Returns the IP addresses of a host name. */
export type Resolve = (host: string) => Promise<string[]>;

const resolveBySystem: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

/** The server that was picked for an attempt, and the connection to use. */
export interface Picked {
  readonly subchannel: Subchannel;
  readonly connection: Connection;
}

/** There is no server to connect to: every attempt failed, or the client is closed. */
export class NoServerError extends Error {}

export class Balancer {
  readonly #groups: ServerGroup[];
  readonly #waiting = new Set<() => void>();
  #turn = 0;
  #closed = false;

  constructor(addresses: readonly Address[], settings: ConnectionSettings, resolve = resolveBySystem) {
    const onChange = () => this.#wake();
    this.#groups = addresses.map((address) => new ServerGroup(address, settings, resolve, onChange));
  }

  /**
   * Returns the next connected server in turn, preferring one that is not in `tried`. Waits while servers are still
   * connecting. Rejects with the signal's reason when it is aborted, and with a `NoServerError` if no server can be
   * connected to.
   */
  async pick(tried: ReadonlySet<Subchannel>, signal: AbortSignal): Promise<Picked> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#closed) throw new NoServerError("the client is closed");
      for (const group of this.#groups) group.connect();
      const picked = this.#next(tried);
      if (picked) return picked;
      if (!this.#groups.some((group) => group.connecting)) throw new NoServerError(this.#problems());
      await this.#stateChange(signal);
    }
  }

  /** Closes all connections immediately, with their calls. Resolves when the sockets are closed. */
  async close(): Promise<void> {
    this.#closed = true;
    const closing = this.#groups.map((group) => group.close());
    this.#wake();
    await Promise.all(closing);
  }

  #next(tried: ReadonlySet<Subchannel>): Picked | undefined {
    const ready: Picked[] = [];
    for (const group of this.#groups) {
      for (const subchannel of group.subchannels) {
        const connection = subchannel.ready;
        if (connection) ready.push({ subchannel, connection });
      }
    }
    const untried = tried.size ? ready.filter(({ subchannel }) => !tried.has(subchannel)) : ready;
    const candidates = untried.length ? untried : ready;
    this.#turn = (this.#turn + 1) % Number.MAX_SAFE_INTEGER;
    return candidates[this.#turn % candidates.length];
  }

  #problems(): string {
    return [...new Set(this.#groups.flatMap((group) => group.problems))].join("; ");
  }

  /** Waits until a server may have changed its state. */
  #stateChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", abort);
        settle();
      };
      const wake = () => end(resolve);
      const abort = () => end(() => reject(signal.reason));
      this.#waiting.add(wake);
      signal.addEventListener("abort", abort);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

/** An address and the servers that it resolves to. */
class ServerGroup {
  readonly #address: Address;
  readonly #settings: ConnectionSettings;
  readonly #resolveName: Resolve;
  readonly #onChange: () => void;
  readonly #subchannels = new Map<string, Subchannel>();
  // Servers that the name no longer resolves to, but whose last calls may still be running.
  readonly #retired = new Set<Subchannel>();
  #resolving = false;
  #resolveAt = 0;
  #stale = true;
  #error: Error | undefined;
  #closed = false;

  constructor(address: Address, settings: ConnectionSettings, resolve: Resolve, onChange: () => void) {
    this.#address = address;
    this.#settings = settings;
    this.#resolveName = resolve;
    this.#onChange = onChange;
    if (isIP(address.host)) this.#use([address.host]);
  }

  get subchannels(): Iterable<Subchannel> {
    return this.#subchannels.values();
  }

  /** Whether the lookup or a connection is in progress. */
  get connecting(): boolean {
    if (this.#subchannels.size === 0) return this.#resolving;
    return [...this.#subchannels.values()].some((subchannel) => subchannel.connecting);
  }

  /** Why there is no server, as texts for people to read. */
  get problems(): string[] {
    if (this.#subchannels.size === 0)
      return [`cannot resolve ${this.#hostPort(this.#address.host)}: ${messageOf(this.#error)}`];
    return [...this.#subchannels.values()].map(
      ({ target, error }) => `cannot connect to ${target.text}: ${messageOf(error)}`,
    );
  }

  /** Starts whatever is needed to connect to every server: the lookup, and the connections. */
  connect(): void {
    if (this.#stale && !this.#resolving && !isIP(this.#address.host) && performance.now() >= this.#resolveAt) {
      void this.#resolve();
    }
    for (const subchannel of this.#subchannels.values()) subchannel.connect();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#subchannels.values(), ...this.#retired];
    await Promise.all(all.map((subchannel) => subchannel.close()));
  }

  async #resolve(): Promise<void> {
    this.#resolving = true;
    this.#stale = false;
    this.#resolveAt = performance.now() + resolveEveryMs;
    try {
      const ips = await this.#resolveName(this.#address.host);
      this.#error = undefined;
      this.#use(ips);
    } catch (error) {
      // Keep the servers that are already known.
      this.#error = error as Error;
      this.#stale = true;
    }
    this.#resolving = false;
    this.#onChange();
  }

  /** Replaces the servers of the name. */
  #use(ips: readonly string[]): void {
    if (this.#closed) return;
    for (const [ip, subchannel] of this.#subchannels) {
      if (ips.includes(ip)) continue;
      this.#subchannels.delete(ip);
      this.#retired.add(subchannel);
      subchannel.retire();
    }
    for (const ip of ips) {
      if (this.#subchannels.has(ip)) continue;
      const subchannel = new Subchannel(this.#target(ip), this.#settings, () => {
        if (!subchannel.ready && !subchannel.connecting) this.#stale = true;
        if (!subchannel.open) this.#retired.delete(subchannel);
        this.#onChange();
      });
      this.#subchannels.set(ip, subchannel);
    }
  }

  #target(ip: string): Target {
    const { host, port } = this.#address;
    const scheme = this.#settings.secureContext ? "https" : "http";
    const text = host === ip ? this.#hostPort(ip) : `${this.#hostPort(host)} (${ip})`;
    return { authority: `${scheme}://${this.#hostPort(host)}`, host, ip, port, text };
  }

  #hostPort(host: string): string {
    return `${host.includes(":") ? `[${host}]` : host}:${this.#address.port}`;
  }
}

/**
 * Returns the message of an error, for people to read. Node.js puts several errors into an `AggregateError`, and
 * OpenSSL's messages contain the names of its source files.
 */
function messageOf(error: Error | undefined): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(", ");
  if (error && "library" in error && "reason" in error) return `TLS: ${error.reason}`;
  return error?.message ?? "unknown";
}
