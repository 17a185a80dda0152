/** The client: its options, and the services of the contract as its properties. */

import { X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import { createClient, type Client as ServiceClient } from "@connectrpc/connect";
import { isLoopback, parseAddress } from "./address.js";
import { Balancer } from "./balancer.js";
import { Administration } from "./gen/localdial/v1/administration_pb.js";
import { CallRouting } from "./gen/localdial/v1/call_routing_pb.js";
import { Directory } from "./gen/localdial/v1/directory_pb.js";
import { NumberInventory } from "./gen/localdial/v1/number_inventory_pb.js";
import { serviceConfig } from "./gen/service_config.js";
import { RetryPolicies, RetryThrottle } from "./retry.js";
import { Revisions } from "./revisions.js";
import { LocaldialTransport } from "./transport.js";

/** The content of a PEM file. */
export type Pem = string | Uint8Array;

/** The certificates for TLS. All are optional. */
export interface TlsOptions {
  /** The certificates of the authorities to trust, instead of those that come with Node.js. */
  readonly rootCertificate?: Pem;
  /** The client's own certificate, for a server that requires one. Needs `clientKey`. */
  readonly clientCertificate?: Pem;
  /** The private key of `clientCertificate`. */
  readonly clientKey?: Pem;
}

export interface ClientOptions {
  /**
   * `host:port`, or several of them. Calls are spread over all servers, including all that a host name resolves to.
   */
  readonly address: string | readonly string[];
  /** The API key, sent with every call. Needs TLS, unless every address is on this machine (loopback). */
  readonly key?: string | undefined;
  /** Whether to encrypt connections, and with which certificates. Default: false. */
  readonly tls?: boolean | TlsOptions;
  /** The default deadline of a call in milliseconds, which includes all its retries. Default: 5000. */
  readonly timeoutMs?: number;
  /**
   * The default deadline of calls that wait for the carrier: search, purchase, import, reconcile and delete numbers,
   * and list importable numbers. Default: 60,000.
   */
  readonly carrierTimeoutMs?: number;
  /**
   * Whether a call to resolve or explain sees every change that this client made before, whichever server answers it.
   * Default: true.
   */
  readonly readYourWrites?: boolean;
  /**
   * How many milliseconds a connection may be idle before the client pings it. Default: 30,000, which the localdial
   * server permits; a proxy in between may not.
   */
  readonly keepaliveMs?: number;
}

// A call is waiting to be placed: the dialer can act on an error, but not on a late response.
const defaultTimeoutMs = 5000;
// The carrier may take seconds for each number, and the outcome of an abandoned purchase has to be asked for again.
const defaultCarrierTimeoutMs = 60_000;
const defaultKeepaliveMs = 30_000;
const keepaliveTimeoutMs = 10_000;

/**
 * A client of the service. Make one and share it. It connects with the first call.
 *
 * Each service is a property with a method for each RPC. A method takes the request and options: `timeoutMs`, `signal`
 * to cancel the call, and `headers`. It throws a `LocaldialError` if the call fails.
 */
export class Client {
  /** Decides which caller ID an outbound call shows and where a call-back goes. */
  readonly callRouting: ServiceClient<typeof CallRouting>;
  /** Lists, buys, imports and deletes local presence numbers, and maps area codes to them. */
  readonly numberInventory: ServiceClient<typeof NumberInventory>;
  /** Manages the organizations and their users. */
  readonly directory: ServiceClient<typeof Directory>;
  /** Manages the API keys of the server, and lists the record of changes. */
  readonly administration: ServiceClient<typeof Administration>;
  readonly #transport: LocaldialTransport;
  readonly #balancer: Balancer;

  /** Checks the options. Throws a TypeError for an option that cannot be used. */
  constructor(options: ClientOptions) {
    const addresses = [options.address].flat().map((address) => parseAddress(address));
    if (addresses.length === 0) throw new TypeError("at least one address is required");
    const secureContext = options.tls ? secureContextOf(options.tls === true ? {} : options.tls) : undefined;
    const { key } = options;
    if (key !== undefined) checkKey(key);
    if (key !== undefined && !secureContext && !addresses.every(isLoopback)) {
      throw new TypeError("a key is sent over TLS only, unless every address is loopback: set tls");
    }
    this.#balancer = new Balancer(addresses, {
      secureContext,
      keepaliveMs: duration("keepaliveMs", options.keepaliveMs, defaultKeepaliveMs),
      keepaliveTimeoutMs,
    });
    this.#transport = new LocaldialTransport({
      balancer: this.#balancer,
      addresses: [options.address].flat(),
      policies: new RetryPolicies(serviceConfig),
      throttle: new RetryThrottle(serviceConfig.retryThrottling),
      revisions: options.readYourWrites === false ? undefined : new Revisions(),
      key,
      timeoutMs: duration("timeoutMs", options.timeoutMs, defaultTimeoutMs),
      carrierTimeoutMs: duration("carrierTimeoutMs", options.carrierTimeoutMs, defaultCarrierTimeoutMs),
    });
    this.callRouting = createClient(CallRouting, this.#transport);
    this.numberInventory = createClient(NumberInventory, this.#transport);
    this.directory = createClient(Directory, this.#transport);
    this.administration = createClient(Administration, this.#transport);
  }

  /**
   * Closes the connections immediately; calls in flight throw a `CancelledError`. Resolves when all sockets are closed.
   * Closing again does nothing.
   */
  async close(): Promise<void> {
    this.#transport.close();
    await this.#balancer.close();
  }

  /** Closes the client, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function duration(name: string, value: number | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (!(value > 0)) throw new TypeError(`${name} must be greater than 0 milliseconds`);
  return value;
}

function checkKey(key: string): void {
  // The message must not contain the key, because messages end up in logs.
  if (!/^[!-~]+$/.test(key)) throw new TypeError("the key must be visible ASCII characters, without spaces");
}

/** Throws a TypeError for certificates that cannot be used, so that the first call does not have to fail. */
function secureContextOf({ rootCertificate, clientCertificate, clientKey }: TlsOptions): SecureContext {
  if ((clientCertificate === undefined) !== (clientKey === undefined)) {
    throw new TypeError("clientCertificate and clientKey belong together: set both or neither");
  }
  try {
    return createSecureContext({
      ...(rootCertificate !== undefined && { ca: certificates(rootCertificate) }),
      ...(clientCertificate !== undefined && { cert: Buffer.from(clientCertificate) }),
      ...(clientKey !== undefined && { key: Buffer.from(clientKey) }),
    });
  } catch (error) {
    throw new TypeError(`the certificates cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

/** Parses each certificate, because Node.js silently ignores text that is not one. */
function certificates(pem: Pem): string[] {
  const text = Buffer.from(pem).toString("latin1");
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (found.length === 0) throw new Error("rootCertificate contains no PEM certificate");
  return found.map((each) => new X509Certificate(each).toString());
}
