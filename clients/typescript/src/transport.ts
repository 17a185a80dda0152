/** One call from its request to its response: deadline, identifiers, and retries. */

import type { DescMessage, DescMethodUnary, Message, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { Transport, UnaryResponse } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Attempt, CallEnded } from "./attempt.js";
import { type Balancer, NoServerError, type Picked } from "./balancer.js";
import { errorOf, type LocaldialError } from "./errors.js";
import { withIds } from "./ids.js";
import { Backoff, pushbackOf, type RetryPolicies, type RetryPolicy, type RetryThrottle, spread } from "./retry.js";
import type { Revisions } from "./revisions.js";
import type { Subchannel } from "./subchannel.js";
import { version } from "./version.js";

// A page of 1000 numbers with many mapped area codes can exceed gRPC's default of 4 MiB.
const readMaxBytes = 16 * 1024 * 1024;
// The longest timer of Node.js: about 24 days.
const maxTimeoutMs = 2_147_483_000;

/** The methods that wait for the carrier, which may take seconds for each number. */
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
  /** The addresses of the client, for messages. */
  readonly addresses: readonly string[];
  readonly policies: RetryPolicies;
  readonly throttle: RetryThrottle;
  /** Undefined if the client does not ensure that it reads its own writes. */
  readonly revisions: Revisions | undefined;
  readonly key: string | undefined;
  readonly timeoutMs: number;
  readonly carrierTimeoutMs: number;
}

/** An attempt that failed. */
interface Failure {
  readonly error: LocaldialError;
  readonly pushback: number | "never" | undefined;
  /** Whether it is certain that the server did not process the request. */
  readonly unprocessed: boolean;
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
    const { policies, throttle, revisions, key } = this.#settings;
    const identified = withIds(method.input, input);
    const request = revisions ? revisions.withMinRevision(method.input, identified) : identified;
    const headers = new Headers(header);
    headers.set("user-agent", `localdial-client-typescript/${version}`);
    if (key !== undefined && !headers.has("authorization")) headers.set("authorization", `Bearer ${key}`);

    const call = new Call(timeoutMs ?? this.#defaultTimeout(method), signal, this.#settings.addresses);
    this.#calls.add(call);
    try {
      const policy = policies.of(method) ?? policies.onlyOverload;
      const backoff = new Backoff(policy);
      const tried = new Set<Subchannel>();
      let unprocessed = 0;
      for (;;) {
        const outcome = await this.#attempt(call, method, headers, request, tried);
        if (!("error" in outcome)) {
          throttle.success();
          revisions?.learn(method, request, outcome.message);
          revisions?.forgetUnreached(request, outcome.message);
          return outcome;
        }
        call.throwIfEnded(request);
        // Like gRPC, immediately send a request again, once, that no server processed: the server began to stop while
        // the request was on its way.
        if (outcome.unprocessed && ++unprocessed === 1) continue;
        const pause = this.#pause(outcome, call, policy, backoff);
        if (pause === undefined) {
          revisions?.forgetUnreached(request, outcome.error);
          throw call.explained(outcome.error);
        }
        call.failed(outcome.error);
        headers.set("grpc-previous-rpc-attempts", String(call.attempts));
        await call.pause(pause, request);
        call.attempts += 1;
      }
    } finally {
      call.end();
      this.#calls.delete(call);
    }
  }

  async stream(): Promise<never> {
    throw new Error("the contract has no streams");
  }

  /** Ends all calls, and rejects new ones. */
  close(): void {
    this.#closed = true;
    for (const call of this.#calls) call.abort(new CallEnded("CANCELLED", "the client was closed during the call"));
  }

  #defaultTimeout(method: DescMethodUnary): number {
    return carrierMethods.has(method.name) ? this.#settings.carrierTimeoutMs : this.#settings.timeoutMs;
  }

  async #attempt<I extends DescMessage, O extends DescMessage>(
    call: Call,
    method: DescMethodUnary<I, O>,
    headers: Headers,
    request: MessageShape<I>,
    tried: Set<Subchannel>,
  ): Promise<UnaryResponse<I, O> | Failure> {
    let picked: Picked;
    try {
      picked = await this.#settings.balancer.pick(tried, call.signal);
    } catch (thrown) {
      call.throwIfEnded(request);
      if (!(thrown instanceof NoServerError)) throw thrown;
      const error = errorOf("UNAVAILABLE", thrown.message, { request, cause: thrown });
      return { error, pushback: undefined, unprocessed: false };
    }
    tried.add(picked.subchannel);
    const { authority } = picked.subchannel.target;
    const attempt = new Attempt(picked.connection, authority);
    // A transport is only a few closures. Making one for each attempt shows which stream belongs to which attempt.
    const transport = createGrpcTransport({ baseUrl: authority, sessionManager: attempt, readMaxBytes });
    headers.set("grpc-timeout", call.grpcTimeout());
    try {
      const response = transport.unary(method, call.signal, undefined, headers, request as MessageInitShape<I>);
      return await Promise.race([response, attempt.unanswered]);
    } catch (thrown) {
      if (call.deadlineExceeded) attempt.drainIfSilent();
      const error = attempt.errorOf(thrown, request);
      return { error, pushback: pushbackOf(attempt.pushback), unprocessed: attempt.unprocessed };
    }
  }

  /** Returns how many milliseconds to wait before the next attempt, or undefined if there is none. */
  #pause({ error, pushback }: Failure, call: Call, policy: RetryPolicy, backoff: Backoff): number | undefined {
    // Not all of RESOURCE_EXHAUSTED: a repeat does not help against the limits on numbers and purchases.
    const overload = error.code === "RESOURCE_EXHAUSTED" && error.reason === "OVERLOADED";
    const retryable = overload || policy.codes.has(error.code);
    if (!retryable && pushback !== "never") return undefined;
    const allowed = this.#settings.throttle.failure();
    if (!retryable || pushback === "never" || !allowed || call.attempts >= policy.maxAttempts) return undefined;
    if (overload && error.retryDelayMs !== undefined) {
      const pause = spread(error.retryDelayMs);
      return pause < call.leftMs() ? pause : undefined;
    }
    if (pushback === undefined) return backoff.next();
    backoff.reset();
    return pushback;
  }
}

/** What all attempts of one call share: the deadline, and the signal that ends the call. */
class Call {
  readonly #controller = new AbortController();
  readonly #deadline: number;
  readonly #timer: NodeJS.Timeout;
  readonly #callerSignal: AbortSignal | undefined;
  readonly #onCallerAbort: () => void;
  readonly #addresses: readonly string[];
  /** How many attempts were begun. */
  attempts = 1;
  #lastFailure: LocaldialError | undefined;

  constructor(timeoutMs: number, callerSignal: AbortSignal | undefined, addresses: readonly string[]) {
    // A NaN ends the call too, because a call without a deadline would be worse.
    const timeout = timeoutMs > 0 ? Math.min(timeoutMs, maxTimeoutMs) : 0;
    this.#deadline = performance.now() + timeout;
    const late = new CallEnded("DEADLINE_EXCEEDED", `the deadline of ${timeout} ms has passed`);
    this.#timer = setTimeout(() => this.abort(late), timeout);
    this.#addresses = addresses;
    if (timeout === 0) {
      this.attempts = 0;
      this.abort(late);
    }
    this.#callerSignal = callerSignal;
    this.#onCallerAbort = () => {
      this.abort(new CallEnded("CANCELLED", "the caller cancelled the call", callerSignal?.reason));
    };
    callerSignal?.addEventListener("abort", this.#onCallerAbort);
    if (callerSignal?.aborted) this.#onCallerAbort();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get deadlineExceeded(): boolean {
    return this.signal.reason instanceof CallEnded && this.signal.reason.code === "DEADLINE_EXCEEDED";
  }

  /** Returns how many milliseconds are left until the deadline. */
  leftMs(): number {
    return this.#deadline - performance.now();
  }

  /** Returns the time left as the `grpc-timeout` header, which may have at most 8 digits. */
  grpcTimeout(): string {
    const left = Math.max(1, Math.ceil(this.leftMs()));
    return left < 1e8 ? `${left}m` : `${Math.ceil(left / 1000)}S`;
  }

  /** Records why an attempt failed after which there is another one. */
  failed(error: LocaldialError): void {
    this.#lastFailure = error;
  }

  /** Returns the error; if no server answered the call, with why, the address and the number of attempts. */
  explained(error: LocaldialError): LocaldialError {
    const { code, request, cause } = error;
    if (error.reason) return error;
    if (code === "DEADLINE_EXCEEDED") return errorOf(code, this.#late(error.statusMessage), { request, cause });
    if (code !== "UNAVAILABLE") return error;
    return errorOf(code, `${this.#located(error)}, ${this.#attempted()}`, { request, cause });
  }

  #late(message: string): string {
    if (this.attempts === 0) return message;
    const failure = this.#lastFailure;
    const why = failure ? this.#located(failure) : `no response from ${this.#addresses.join(", ")}`;
    return `${message}; ${why}, ${this.#attempted()}`;
  }

  #located({ statusMessage }: LocaldialError): string {
    const located = this.#addresses.every((address) => statusMessage.includes(address));
    return located ? statusMessage : `${this.#addresses.join(", ")}: ${statusMessage}`;
  }

  #attempted(): string {
    return this.attempts === 1 ? "1 attempt" : `${this.attempts} attempts`;
  }

  /** Ends the call. Only the first reason is kept. */
  abort(reason: CallEnded): void {
    this.#controller.abort(reason);
  }

  /** Throws the error of a call that this side ended, which takes precedence over the error of the attempt. */
  throwIfEnded(request: Message): void {
    const { reason } = this.signal;
    if (!(reason instanceof CallEnded)) return;
    const message = reason.code === "DEADLINE_EXCEEDED" ? this.#late(reason.message) : reason.message;
    throw errorOf(reason.code, message, { request, cause: reason.cause ?? this.#lastFailure });
  }

  /** Waits for `ms` milliseconds. Throws if the call ends before. */
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

  /** Clears the timer, and no longer listens to the caller's signal. */
  end(): void {
    clearTimeout(this.#timer);
    this.#callerSignal?.removeEventListener("abort", this.#onCallerAbort);
  }
}
