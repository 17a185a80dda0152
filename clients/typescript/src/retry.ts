/** Which calls are retried, and when, by the rules of gRPC (proposal A6), which connect-node does not implement. */

import type { DescMethod } from "@bufbuild/protobuf";

/** The part of a gRPC service config that concerns retries. */
export interface RetryConfig {
  readonly methodConfig: readonly {
    readonly name: readonly { readonly service: string; readonly method: string }[];
    readonly retryPolicy: {
      readonly maxAttempts: number;
      readonly initialBackoff: string;
      readonly maxBackoff: string;
      readonly backoffMultiplier: number;
      readonly retryableStatusCodes: readonly string[];
    };
  }[];
  readonly retryThrottling: { readonly maxTokens: number; readonly tokenRatio: number };
}

/** How pauses grow. */
export interface BackoffPolicy {
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
  readonly multiplier: number;
}

/** How to retry the calls of a method. */
export interface RetryPolicy extends BackoffPolicy {
  readonly maxAttempts: number;
  readonly codes: ReadonlySet<string>;
}

/** The retry policies of a service config. A method without a policy is not retried, unless the server is overloaded. */
export class RetryPolicies {
  readonly #byMethod = new Map<string, RetryPolicy>();
  /** For methods that are not safe to repeat. A server that is overloaded did nothing, so then any is. */
  readonly onlyOverload: RetryPolicy;

  constructor(config: RetryConfig) {
    let onlyOverload = {
      maxAttempts: 1,
      initialBackoffMs: 0,
      maxBackoffMs: 0,
      multiplier: 1,
      codes: new Set<string>(),
    };
    for (const { name, retryPolicy } of config.methodConfig) {
      const policy = {
        maxAttempts: retryPolicy.maxAttempts,
        initialBackoffMs: milliseconds(retryPolicy.initialBackoff),
        maxBackoffMs: milliseconds(retryPolicy.maxBackoff),
        multiplier: retryPolicy.backoffMultiplier,
        codes: new Set(retryPolicy.retryableStatusCodes),
      };
      onlyOverload = { ...policy, codes: new Set() };
      for (const { service, method } of name) this.#byMethod.set(`${service}/${method}`, policy);
    }
    this.onlyOverload = onlyOverload;
  }

  /** Returns the policy of the method, or undefined if it has none. */
  of(method: DescMethod): RetryPolicy | undefined {
    return this.#byMethod.get(`${method.parent.typeName}/${method.name}`);
  }
}

/**
 * Stops all retries of a client while more calls fail than succeed, so that they do not keep a service down. A failure
 * takes a token and a success returns a part of one; nothing is retried unless more than half of the tokens are left.
 */
export class RetryThrottle {
  readonly #max: number;
  readonly #ratio: number;
  #tokens: number;

  constructor({ maxTokens, tokenRatio }: RetryConfig["retryThrottling"]) {
    this.#max = maxTokens;
    this.#ratio = tokenRatio;
    this.#tokens = maxTokens;
  }

  success(): void {
    this.#tokens = Math.min(this.#max, this.#tokens + this.#ratio);
  }

  /** Counts a failure. Returns whether the call may be retried. */
  failure(): boolean {
    this.#tokens = Math.max(0, this.#tokens - 1);
    return this.#tokens > this.#max / 2;
  }
}

/** The growing pauses between attempts. */
export class Backoff {
  readonly #policy: BackoffPolicy;
  #nextMs: number;

  constructor(policy: BackoffPolicy) {
    this.#policy = policy;
    this.#nextMs = policy.initialBackoffMs;
  }

  /** Returns the next pause in milliseconds, up to 20 % longer or shorter at random, so that clients spread out. */
  next(): number {
    const pause = this.#nextMs;
    this.#nextMs = Math.min(pause * this.#policy.multiplier, this.#policy.maxBackoffMs);
    return pause * (0.8 + 0.4 * Math.random());
  }

  reset(): void {
    this.#nextMs = this.#policy.initialBackoffMs;
  }
}

/** Returns a server's pause, up to 20 % longer at random, so that what it refused at once does not come back at once. */
export function spread(pauseMs: number): number {
  return pauseMs * (1 + 0.2 * Math.random());
}

/**
 * Parses the server's `grpc-retry-pushback-ms` header. Returns the requested pause in milliseconds, `"never"` if the
 * server asks for no retry, or undefined if there is no header.
 */
export function pushbackOf(header: unknown): number | "never" | undefined {
  if (header === undefined) return undefined;
  return typeof header === "string" && /^[0-9]{1,9}$/.test(header) ? Number(header) : "never";
}

function milliseconds(duration: string): number {
  return Number.parseFloat(duration) * 1000;
}
