/** The client: the connections, and the services as attributes. */

import { X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import { createClient, type Client as ServiceClient } from "@connectrpc/connect";
import { isLoopback, parseAddress } from "./address.js";
import { Balancer } from "./balancer.js";
import { CallRouting } from "./gen/localdial/v1/call_routing_pb.js";
import { Directory } from "./gen/localdial/v1/directory_pb.js";
import { NumberInventory } from "./gen/localdial/v1/number_inventory_pb.js";
import { serviceConfig } from "./gen/service_config.js";
import { RetryPolicies, RetryThrottle } from "./retry.js";
import { Revisions } from "./revisions.js";
import { LocaldialTransport } from "./transport.js";

/** A PEM file's content. */
export type Pem = string | Uint8Array;

/** What TLS is set up with; all may be left out. */
export interface TlsOptions {
  /** Certificates of the authorities to trust, instead of those that Node.js comes with. */
  readonly rootCertificate?: Pem;
  /** The client's own certificate, for a server that asks for one; with `clientKey`. */
  readonly clientCertificate?: Pem;
  /** The private key of `clientCertificate`. */
  readonly clientKey?: Pem;
}

export interface ClientOptions {
  /**
   * `host:port`, or several of them. Calls are spread over all servers, also over those that one name stands for.
   */
  readonly address: string | readonly string[];
  /** The API key, sent with every call. It needs TLS, unless every address is this machine's own (loopback). */
  readonly key?: string | undefined;
  /** Whether connections are encrypted, and with what. Default: they are not. */
  readonly tls?: boolean | TlsOptions;
  /** The default deadline of a call, over all its repeats together. Default: 5000. */
  readonly timeoutMs?: number;
  /** The same for calls that wait for the carrier: to search, buy, import, delete and reconcile. Default: 60,000. */
  readonly carrierTimeoutMs?: number;
  /**
   * Whether a call to resolve is decided on no older state than what this client has changed, whichever server
   * answers it. Default: true.
   */
  readonly readYourWrites?: boolean;
  /**
   * How long a connection may be quiet before it is pinged. Default: 30,000, which the localdial server permits; a
   * proxy in between may not.
   */
  readonly keepaliveMs?: number;
}

// A phone rings meanwhile: better an error that the dialer can act upon than a late answer.
const defaultTimeoutMs = 5000;
// The carrier may take seconds for each number, and a purchase that is given up half way must be asked about again.
const defaultCarrierTimeoutMs = 60_000;
const defaultKeepaliveMs = 30_000;
const keepaliveTimeoutMs = 10_000;

/**
 * A client of the service. Make one and share it; nothing is connected before the first call.
 *
 * Each service is an attribute with a method for each of its calls. A call takes its request, and options: `timeoutMs`,
 * `signal` to cancel it, `headers`. It throws a `LocaldialError`.
 */
export class Client {
  /** Decides which caller ID an outbound call shows and where a call-back goes. */
  readonly callRouting: ServiceClient<typeof CallRouting>;
  /** The local presence numbers: list, buy, import and delete them, and map area codes to them. */
  readonly numberInventory: ServiceClient<typeof NumberInventory>;
  /** The organizations and their users. */
  readonly directory: ServiceClient<typeof Directory>;
  readonly #transport: LocaldialTransport;
  readonly #balancer: Balancer;

  /** Prepares the connections. Throws a TypeError for options that are wrong. */
  constructor(options: ClientOptions) {
    const addresses = [options.address].flat().map((address) => parseAddress(address));
    if (addresses.length === 0) throw new TypeError("there is no address");
    const secureContext = options.tls ? secureContextOf(options.tls === true ? {} : options.tls) : undefined;
    const { key } = options;
    if (key !== undefined) checkKey(key);
    if (key !== undefined && !secureContext && !addresses.every(isLoopback)) {
      throw new TypeError("a key is sent over TLS only, unless every address is a loopback one: set tls");
    }
    this.#balancer = new Balancer(addresses, {
      secureContext,
      keepaliveMs: duration("keepaliveMs", options.keepaliveMs, defaultKeepaliveMs),
      keepaliveTimeoutMs,
    });
    this.#transport = new LocaldialTransport({
      balancer: this.#balancer,
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
  }

  /**
   * Closes the connections at once; calls in flight throw a `CancelledError`. Resolves when no socket is open any
   * more. May be called again.
   */
  async close(): Promise<void> {
    this.#transport.close();
    await this.#balancer.close();
  }

  /** For `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function duration(name: string, value: number | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (!(value > 0)) throw new TypeError(`${name} must be more than 0 milliseconds`);
  return value;
}

function checkKey(key: string): void {
  // Nothing of the key is shown: messages end up in logs.
  if (!/^[!-~]+$/.test(key)) throw new TypeError("the key must be visible ASCII characters, without spaces");
}

/** Throws a TypeError for what cannot be used, here rather than with the first call. */
function secureContextOf({ rootCertificate, clientCertificate, clientKey }: TlsOptions): SecureContext {
  if ((clientCertificate === undefined) !== (clientKey === undefined)) {
    throw new TypeError("clientCertificate and clientKey belong together");
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

/** Each one by itself: Node.js passes over in silence what is no certificate. */
function certificates(pem: Pem): string[] {
  const text = Buffer.from(pem).toString("latin1");
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (found.length === 0) throw new Error("rootCertificate has no PEM certificate");
  return found.map((each) => new X509Certificate(each).toString());
}
