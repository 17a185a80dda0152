/** Reading your own writes: the revision of an organization that a call has to see. */

import { clone, type DescMessage, type DescMethodUnary, isMessage, type Message } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { detailsOf, LocaldialError, type Reason } from "./errors.js";
import {
  BatchResolveOutboundCallerIdsRequestSchema,
  BatchResolveOutboundCallerIdsResponseSchema,
  type ExplainOutboundCallerIdRequest,
  ExplainOutboundCallerIdRequestSchema,
  type ResolveOutboundCallerIdRequest,
  ResolveOutboundCallerIdRequestSchema,
} from "./gen/localdial/v1/call_routing_pb.js";

// The number of organizations whose revisions are remembered.
const defaultCapacity = 10_000;

/** Remembers the highest revision that a change returned, for each organization. */
export class Revisions {
  // By organization, the least recently used first.
  readonly #known = new Map<string, bigint>();
  readonly #capacity: number;

  constructor(capacity = defaultCapacity) {
    this.#capacity = capacity;
  }

  /** Returns the remembered revision of the organization, or 0 if there is none. */
  of(organizationId: string): bigint {
    const revision = this.#known.get(organizationId);
    if (revision === undefined) return 0n;
    this.#put(organizationId, revision);
    return revision;
  }

  /** Remembers the revision in the response to a change. */
  learn(method: DescMethodUnary, request: Message, response: Message): void {
    if (!isChange(method)) return;
    const organizationId = organizationOf(request);
    const revision = "revision" in response && response.revision;
    if (typeof revision === "bigint" && organizationId && revision > (this.#known.get(organizationId) ?? 0n)) {
      this.#put(organizationId, revision);
    }
  }

  /**
   * Sets the `minRevision` of each leg that has none to the remembered revision. Returns a copy, or the request itself
   * if there is nothing to set.
   */
  withMinRevision<Request extends Message>(schema: DescMessage, request: Request): Request {
    if (!legsOf(request).some((leg) => leg.minRevision === 0n && this.of(leg.organizationId) > 0n)) return request;
    const filled = clone(schema, request) as Request;
    for (const leg of legsOf(filled)) {
      if (leg.minRevision === 0n) leg.minRevision = this.of(leg.organizationId);
    }
    return filled;
  }

  /**
   * Forgets the revisions that the server reports as not reached. Its database was restored to an earlier state, and
   * asking for them again would fail every time. `sent` is the request as it was sent.
   */
  forgetUnreached(sent: Message, outcome: LocaldialError | Message): void {
    const legs = legsOf(sent);
    reasonsOf(outcome).forEach((reason, index) => {
      const leg = legs[index];
      if (leg && reason === "REVISION_NOT_REACHED") this.#forgetIf(leg.organizationId, leg.minRevision);
    });
  }

  #forgetIf(organizationId: string, revision: bigint): void {
    // A leg with a newer revision of its own does not show that the remembered one was not reached.
    if ((this.#known.get(organizationId) ?? 0n) >= revision) this.#known.delete(organizationId);
  }

  #put(organizationId: string, revision: bigint): void {
    this.#known.delete(organizationId);
    this.#known.set(organizationId, revision);
    if (this.#known.size > this.#capacity) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
  }
}

/** Returns whether the method changes something. A response to resolve has a revision too, but changes nothing. */
function isChange(method: DescMethodUnary): boolean {
  return (
    method.idempotency !== MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS && !("minRevision" in method.input.field)
  );
}

/** Returns the `organizationId` of the request, or of the resource that it sets; empty if there is none. */
function organizationOf(request: Message): string {
  const holders: unknown[] = [request, ...Object.values(request)];
  for (const holder of holders) {
    if (typeof holder === "object" && holder !== null && "organizationId" in holder)
      return String(holder.organizationId);
  }
  return "";
}

/** Returns the legs that the request resolves or explains, in order; none for another request. */
function legsOf(request: Message): (ResolveOutboundCallerIdRequest | ExplainOutboundCallerIdRequest)[] {
  if (isMessage(request, ResolveOutboundCallerIdRequestSchema)) return [request];
  if (isMessage(request, ExplainOutboundCallerIdRequestSchema)) return [request];
  if (isMessage(request, BatchResolveOutboundCallerIdsRequestSchema)) return request.requests;
  return [];
}

/** Returns the error reason of each leg, in order; undefined for a leg that succeeded. */
function reasonsOf(outcome: LocaldialError | Message): (Reason | undefined)[] {
  if (outcome instanceof LocaldialError) return [outcome.reason];
  if (!isMessage(outcome, BatchResolveOutboundCallerIdsResponseSchema)) return [];
  return outcome.results.map(({ result }) => (result.case === "status" ? detailsOf(result.value).reason : undefined));
}
