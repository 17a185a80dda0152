/** Spreads calls over all servers: those of all addresses, and all those that a name stands for. */

import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { Address } from "./address.js";
import type { Connection, ConnectionSettings, Target } from "./connection.js";
import { Subchannel } from "./subchannel.js";

// A name is resolved anew when a connection of it is lost, for servers move; but not more often than this.
const resolveEveryMs = 1000;

/** Answers the IP addresses that a name stands for. */
export type Resolve = (host: string) => Promise<string[]>;

const resolveBySystem: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

/** A server to make a call to. */
export interface Picked {
  readonly subchannel: Subchannel;
  readonly connection: Connection;
}

/** No server can be connected to. */
export class NoServerError extends Error {}

export class Balancer {
  readonly #names: Name[];
  readonly #waiting = new Set<() => void>();
  #turn = 0;
  #closed = false;

  constructor(addresses: readonly Address[], settings: ConnectionSettings, resolve = resolveBySystem) {
    const onChange = () => this.#wake();
    this.#names = addresses.map((address) => new Name(address, settings, resolve, onChange));
  }

  /**
   * The next server in turn that is connected, rather not one of `tried`; waits for one to be where none is. Rejects
   * with the signal's reason when it is aborted, with a `NoServerError` when no server can be connected to.
   */
  async pick(tried: ReadonlySet<Subchannel>, signal: AbortSignal): Promise<Picked> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#closed) throw new NoServerError("the client is closed");
      for (const name of this.#names) name.connect();
      const picked = this.#next(tried);
      if (picked) return picked;
      if (!this.#names.some((name) => name.connecting)) throw new NoServerError(this.#problems());
      await this.#change(signal);
    }
  }

  /** Closes all connections at once, with their calls; resolves when their sockets are closed. */
  async close(): Promise<void> {
    this.#closed = true;
    const closing = this.#names.map((name) => name.close());
    this.#wake();
    await Promise.all(closing);
  }

  #next(tried: ReadonlySet<Subchannel>): Picked | undefined {
    const ready: Picked[] = [];
    for (const name of this.#names) {
      for (const subchannel of name.subchannels) {
        const connection = subchannel.ready;
        if (connection) ready.push({ subchannel, connection });
      }
    }
    const fresh = tried.size ? ready.filter(({ subchannel }) => !tried.has(subchannel)) : ready;
    const candidates = fresh.length ? fresh : ready;
    this.#turn = (this.#turn + 1) % Number.MAX_SAFE_INTEGER;
    return candidates[this.#turn % candidates.length];
  }

  #problems(): string {
    return [...new Set(this.#names.flatMap((name) => name.problems))].join("; ");
  }

  /** Waits until something may be different. */
  #change(signal: AbortSignal): Promise<void> {
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

/** An address and the servers that it stands for. */
class Name {
  readonly #address: Address;
  readonly #settings: ConnectionSettings;
  readonly #resolveName: Resolve;
  readonly #onChange: () => void;
  readonly #subchannels = new Map<string, Subchannel>();
  // Servers that the name does not stand for any more, and that may have calls yet.
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

  /** Whether a server may be connected soon. */
  get connecting(): boolean {
    if (this.#subchannels.size === 0) return this.#resolving;
    return [...this.#subchannels.values()].some((subchannel) => subchannel.connecting);
  }

  /** Why there is no server, for people. */
  get problems(): string[] {
    if (this.#subchannels.size === 0) return [`cannot resolve ${this.#address.host}: ${textOf(this.#error)}`];
    return [...this.#subchannels.values()].map(
      ({ target, error }) => `cannot connect to ${target.text}: ${textOf(error)}`,
    );
  }

  /** Sees to it that all servers are connected, or tried. */
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
      // The servers that are known are better than none.
      this.#error = error as Error;
      this.#stale = true;
    }
    this.#resolving = false;
    this.#onChange();
  }

  /** Takes these servers for those of the name. */
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
    const hostPort = (name: string) => `${name.includes(":") ? `[${name}]` : name}:${port}`;
    const text = host === ip ? hostPort(ip) : `${hostPort(host)} (${ip})`;
    return { authority: `${scheme}://${hostPort(host)}`, host, ip, port, text };
  }
}

/** What went wrong, for people. Some errors of Node.js are of several, and those of OpenSSL name its source files. */
function textOf(error: Error | undefined): string {
  if (error instanceof AggregateError) return error.errors.map(textOf).join(", ");
  if (error && "library" in error && "reason" in error) return `TLS: ${error.reason}`;
  return error?.message ?? "unknown";
}
