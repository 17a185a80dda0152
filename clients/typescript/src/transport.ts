/** A call from the request that a caller makes to its answer: deadline, identifiers, repeats. */

import {
  create,
  type DescMessage,
  type DescMethodUnary,
  type Message,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import type { Transport, UnaryResponse } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { type Balancer, NoServerError, type Picked } from "./balancer.js";
import { errorOf, type LocaldialError } from "./errors.js";
import { Ending, Exchange } from "./exchange.js";
import { withIds } from "./ids.js";
import { Backoff, pushbackOf, type RetryPolicies, type RetryThrottle } from "./retry.js";
import type { Revisions } from "./revisions.js";
import type { Subchannel } from "./subchannel.js";
import { version } from "./version.js";

// A page of 1000 numbers with many area codes mapped can pass gRPC's 4 MiB.
const readMaxBytes = 16 * 1024 * 1024;
// What a timer of Node.js takes: 24 days.
const maxTimeoutMs = 2_147_483_000;

/** Methods that wait for the carrier, which may take seconds for each number. */
const carrierMethods: ReadonlySet<string> = new Set([
  "SearchAvailableNumbers",
  "PurchaseNumbers",
  "ImportNumbers",
  "DeleteNumbers",
  "ListImportableNumbers",
  "ReconcileNumbers",
]);

export interface TransportSettings {
  readonly balancer: Balancer;
  readonly policies: RetryPolicies;
  readonly throttle: RetryThrottle;
  /** Undefined: the client does not look after reading its own writes. */
  readonly revisions: Revisions | undefined;
  readonly key: string | undefined;
  readonly timeoutMs: number;
  readonly carrierTimeoutMs: number;
}

/** An attempt that failed. */
interface Failure {
  readonly error: LocaldialError;
  readonly pushback: number | "never" | undefined;
  readonly untouched: boolean;
}

export class LocaldialTransport implements Transport {
  readonly #settings: TransportSettings;
  readonly #calls = new Set<Call>();
  #closed = false;

  constructor(settings: TransportSettings) {
    this.#settings = settings;
  }

  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: ConstructorParameters<typeof Headers>[0],
    input: MessageInitShape<I>,
  ): Promise<UnaryResponse<I, O>> {
    if (this.#closed) throw new Error("the client is closed");
    const { balancer, policies, throttle, revisions, key } = this.#settings;
    const named = withIds(method.input, create(method.input, input));
    const request = revisions ? revisions.fill(method.input, named) : named;
    const headers = new Headers(header);
    headers.set("user-agent", `localdial-client-typescript/${version}`);
    if (key !== undefined && !headers.has("authorization")) headers.set("authorization", `Bearer ${key}`);

    const call = new Call(timeoutMs ?? this.#defaultTimeout(method), signal);
    this.#calls.add(call);
    try {
      const policy = policies.of(method);
      const backoff = policy && new Backoff(policy);
      const tried = new Set<Subchannel>();
      let attempts = 0;
      let untouched = 0;
      for (;;) {
        const outcome = await this.#attempt(balancer, call, method, headers, request, tried);
        if (!("error" in outcome)) {
          throttle.success();
          revisions?.learn(method, request, outcome.message);
          revisions?.forget(request, outcome.message);
          return outcome;
        }
        call.throwIfEnded(request);
        // What did not reach a server is sent once more at once, as gRPC does: it was on its way when the server
        // began to stop.
        if (outcome.untouched && ++untouched === 1) continue;
        attempts += 1;
        const pause = this.#pause(outcome, attempts, policy, backoff);
        if (pause === undefined) {
          revisions?.forget(request, outcome.error);
          throw outcome.error;
        }
        headers.set("grpc-previous-rpc-attempts", String(attempts));
        await call.pause(pause, request);
      }
    } finally {
      call.end();
      this.#calls.delete(call);
    }
  }

  async stream(): Promise<never> {
    throw new Error("the contract has no streams");
  }

  /** Ends all calls. */
  close(): void {
    this.#closed = true;
    for (const call of this.#calls) call.abort(new Ending("CANCELLED", "the client was closed during the call"));
  }

  #defaultTimeout(method: DescMethodUnary): number {
    return carrierMethods.has(method.name) ? this.#settings.carrierTimeoutMs : this.#settings.timeoutMs;
  }

  async #attempt<I extends DescMessage, O extends DescMessage>(
    balancer: Balancer,
    call: Call,
    method: DescMethodUnary<I, O>,
    headers: Headers,
    request: MessageShape<I>,
    tried: Set<Subchannel>,
  ): Promise<UnaryResponse<I, O> | Failure> {
    let picked: Picked;
    try {
      picked = await balancer.pick(tried, call.signal);
    } catch (thrown) {
      call.throwIfEnded(request);
      if (!(thrown instanceof NoServerError)) throw thrown;
      const error = errorOf("UNAVAILABLE", thrown.message, { request, cause: thrown });
      return { error, pushback: undefined, untouched: false };
    }
    tried.add(picked.subchannel);
    const { authority } = picked.subchannel.target;
    const exchange = new Exchange(picked.connection, authority);
    // A transport is a few closures: one for each attempt, so that it is known which stream was whose.
    const transport = createGrpcTransport({ baseUrl: authority, sessionManager: exchange, readMaxBytes });
    headers.set("grpc-timeout", call.grpcTimeout());
    try {
      return await transport.unary(method, call.signal, undefined, headers, request as MessageInitShape<I>);
    } catch (thrown) {
      if (call.deadlineExceeded) exchange.suspect();
      const error = exchange.errorOf(thrown, request);
      return { error, pushback: pushbackOf(exchange.pushback), untouched: exchange.untouched };
    }
  }

  /** How long to wait before the next attempt; undefined where there shall be none. */
  #pause(
    { error, pushback }: Failure,
    attempts: number,
    policy: { maxAttempts: number; codes: ReadonlySet<string> } | undefined,
    backoff: Backoff | undefined,
  ): number | undefined {
    if (!policy || !backoff) return undefined;
    const repeatable = policy.codes.has(error.code);
    if (!repeatable && pushback !== "never") return undefined;
    const allowed = this.#settings.throttle.failure();
    if (!repeatable || pushback === "never" || !allowed || attempts >= policy.maxAttempts) return undefined;
    if (pushback === undefined) return backoff.next();
    backoff.reset();
    return pushback;
  }
}

/** What one call of a caller has over all its attempts: the deadline, and the ways to end it before. */
class Call {
  readonly #controller = new AbortController();
  readonly #deadline: number;
  readonly #timer: NodeJS.Timeout;
  readonly #callerSignal: AbortSignal | undefined;
  readonly #onCallerAbort: () => void;

  constructor(timeoutMs: number, callerSignal: AbortSignal | undefined) {
    // Also for what is no number: a call without a deadline would be the worst to make of it.
    const timeout = timeoutMs > 0 ? Math.min(timeoutMs, maxTimeoutMs) : 0;
    this.#deadline = performance.now() + timeout;
    const exceeded = () => this.abort(new Ending("DEADLINE_EXCEEDED", `no answer within ${timeout} ms`));
    this.#timer = setTimeout(exceeded, timeout);
    if (timeout === 0) exceeded();
    this.#callerSignal = callerSignal;
    this.#onCallerAbort = () => {
      this.abort(new Ending("CANCELLED", "the caller cancelled the call", callerSignal?.reason));
    };
    callerSignal?.addEventListener("abort", this.#onCallerAbort);
    if (callerSignal?.aborted) this.#onCallerAbort();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get deadlineExceeded(): boolean {
    return this.signal.reason instanceof Ending && this.signal.reason.code === "DEADLINE_EXCEEDED";
  }

  /** What is left of the deadline, as gRPC writes it: at most 8 digits. */
  grpcTimeout(): string {
    const left = Math.max(1, Math.ceil(this.#deadline - performance.now()));
    return left < 1e8 ? `${left}m` : `${Math.ceil(left / 1000)}S`;
  }

  /** Ends it; the first reason counts. */
  abort(reason: Ending): void {
    this.#controller.abort(reason);
  }

  /** Throws the error of a call that was ended, whatever an attempt ended with meanwhile. */
  throwIfEnded(request: Message): void {
    const { reason } = this.signal;
    if (reason instanceof Ending) throw errorOf(reason.code, reason.message, { request, cause: reason.cause });
  }

  /** Waits. Throws when the call is ended meanwhile. */
  async pause(ms: number, request: Message): Promise<void> {
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.signal.addEventListener("abort", end);
    });
    this.throwIfEnded(request);
  }

  /** Frees what it holds. */
  end(): void {
    clearTimeout(this.#timer);
    this.#callerSignal?.removeEventListener("abort", this.#onCallerAbort);
  }
}
