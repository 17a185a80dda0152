/** Reading one's own writes: which state of an organization a call must know. */

import { clone, type DescMessage, type DescMethodUnary, isMessage, type Message } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { detailsOf, LocaldialError, type Reason } from "./errors.js";
import {
  BatchResolveOutboundCallerIdsRequestSchema,
  BatchResolveOutboundCallerIdsResponseSchema,
  type ResolveOutboundCallerIdRequest,
  ResolveOutboundCallerIdRequestSchema,
} from "./gen/localdial/v1/call_routing_pb.js";

const capacity = 10_000;

/** Remembers, per organization, the highest revision that a change answered. */
export class Revisions {
  // In the order of their use, the least recent first.
  readonly #known = new Map<string, bigint>();
  readonly #capacity: number;

  constructor(limit = capacity) {
    this.#capacity = limit;
  }

  /** The revision to ask for; 0 where none is known. */
  of(organizationId: string): bigint {
    const revision = this.#known.get(organizationId);
    if (revision === undefined) return 0n;
    this.#put(organizationId, revision);
    return revision;
  }

  /** Learns from the answer to a change. */
  learn(method: DescMethodUnary, request: Message, response: Message): void {
    if (!isChange(method)) return;
    const organizationId = organizationOf(request);
    const revision = "revision" in response && response.revision;
    if (typeof revision === "bigint" && organizationId && revision > (this.#known.get(organizationId) ?? 0n)) {
      this.#put(organizationId, revision);
    }
  }

  /**
   * The request as it is to be sent: each leg that asks for no revision of its own asks for the one that is known.
   * A copy, or the request itself where there is nothing to set.
   */
  fill<Request extends Message>(schema: DescMessage, request: Request): Request {
    if (!legsOf(request).some((leg) => leg.minRevision === 0n && this.of(leg.organizationId) > 0n)) return request;
    const filled = clone(schema, request) as Request;
    for (const leg of legsOf(filled)) {
      if (leg.minRevision === 0n) leg.minRevision = this.of(leg.organizationId);
    }
    return filled;
  }

  /**
   * Forgets a revision that the server has never had: its database was restored to an earlier state, and asking
   * again would fail for ever. `sent` is the request as it was sent.
   */
  forget(sent: Message, outcome: LocaldialError | Message): void {
    const legs = legsOf(sent);
    reasonsOf(outcome).forEach((reason, index) => {
      const leg = legs[index];
      if (leg && reason === "REVISION_NOT_REACHED") this.#forgetIf(leg.organizationId, leg.minRevision);
    });
  }

  #forgetIf(organizationId: string, revision: bigint): void {
    // What the leg asked for itself may have been newer, and says nothing of what is remembered.
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

/** Resolving answers the revision that was decided on, and is no change. */
function isChange(method: DescMethodUnary): boolean {
  return (
    method.idempotency !== MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS && !("minRevision" in method.input.field)
  );
}

/** The organization that a request is about: it has its identifier, or so does the resource that it sets. */
function organizationOf(request: Message): string {
  const holders: unknown[] = [request, ...Object.values(request)];
  for (const holder of holders) {
    if (typeof holder === "object" && holder !== null && "organizationId" in holder)
      return String(holder.organizationId);
  }
  return "";
}

function legsOf(request: Message): ResolveOutboundCallerIdRequest[] {
  if (isMessage(request, ResolveOutboundCallerIdRequestSchema)) return [request];
  if (isMessage(request, BatchResolveOutboundCallerIdsRequestSchema)) return request.requests;
  return [];
}

/** The reasons of the errors of an outcome, each at the place of its leg. */
function reasonsOf(outcome: LocaldialError | Message): (Reason | undefined)[] {
  if (outcome instanceof LocaldialError) return [outcome.reason];
  if (!isMessage(outcome, BatchResolveOutboundCallerIdsResponseSchema)) return [];
  return outcome.results.map(({ result }) => (result.case === "status" ? detailsOf(result.value).reason : undefined));
}
