/** Which calls are repeated, and when: gRPC's rules (proposal A6), which connect-node leaves to its callers. */

import type { DescMethod } from "@bufbuild/protobuf";

/** The part of a gRPC service config that is about repeats. */
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

/** How the calls of a method are repeated. */
export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
  readonly multiplier: number;
  readonly codes: ReadonlySet<string>;
}

/** The policies of a service config by method; one that has none is not repeated. */
export class RetryPolicies {
  readonly #byMethod = new Map<string, RetryPolicy>();

  constructor(config: RetryConfig) {
    for (const { name, retryPolicy } of config.methodConfig) {
      const policy = {
        maxAttempts: retryPolicy.maxAttempts,
        initialBackoffMs: milliseconds(retryPolicy.initialBackoff),
        maxBackoffMs: milliseconds(retryPolicy.maxBackoff),
        multiplier: retryPolicy.backoffMultiplier,
        codes: new Set(retryPolicy.retryableStatusCodes),
      };
      for (const { service, method } of name) this.#byMethod.set(`${service}/${method}`, policy);
    }
  }

  of(method: DescMethod): RetryPolicy | undefined {
    return this.#byMethod.get(`${method.parent.typeName}/${method.name}`);
  }
}

/**
 * Stops repeats while more fails than succeeds, over all calls of a client, so as not to keep a service down: a
 * failure takes a token, a success gives some back, and at half of them or below nothing is repeated.
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

  /** Counts a failure; answers whether it may be repeated. */
  failure(): boolean {
    this.#tokens = Math.max(0, this.#tokens - 1);
    return this.#tokens > this.#max / 2;
  }
}

/** The pauses between the attempts of one call. */
export class Backoff {
  readonly #policy: Omit<RetryPolicy, "maxAttempts" | "codes">;
  #nextMs: number;

  constructor(policy: Omit<RetryPolicy, "maxAttempts" | "codes">) {
    this.#policy = policy;
    this.#nextMs = policy.initialBackoffMs;
  }

  /** The next pause: longer each time, and a fifth more or less by chance, so that callers do not come all at once. */
  next(): number {
    const pause = this.#nextMs;
    this.#nextMs = Math.min(pause * this.#policy.multiplier, this.#policy.maxBackoffMs);
    return pause * (0.8 + 0.4 * Math.random());
  }

  reset(): void {
    this.#nextMs = this.#policy.initialBackoffMs;
  }
}

/**
 * What a server's `grpc-retry-pushback-ms` says: the pause that it asks for, `"never"` to repeat, or undefined where
 * it does not say.
 */
export function pushbackOf(header: unknown): number | "never" | undefined {
  if (header === undefined) return undefined;
  return typeof header === "string" && /^[0-9]{1,9}$/.test(header) ? Number(header) : "never";
}

function milliseconds(duration: string): number {
  return Number.parseFloat(duration) * 1000;
}
