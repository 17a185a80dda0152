/** Identifiers that make a call safe to repeat. */

import { randomBytes } from "node:crypto";
import { clone, type DescMessage, isMessage, type Message, type MessageShape } from "@bufbuild/protobuf";
import {
  BatchResolveOutboundCallerIdsRequestSchema,
  ResolveOutboundCallerIdRequestSchema,
} from "./gen/localdial/v1/call_routing_pb.js";

/**
 * Fills in every identifier that makes a repeat of the request harmless.
 *
 * An empty `requestId` becomes a fresh UUID; so does an empty `callId` of a leg to resolve, unless the leg is
 * `validateOnly` and records nothing. A server answers the same identifier with its first answer, so that a repeat
 * buys, deletes and records once. Every method does this by itself; it is for callers who want to know the
 * identifiers beforehand, to repeat the call on their own.
 *
 * Returns a copy, or the request itself where nothing is missing. The request is never changed.
 */
export function withIds<Desc extends DescMessage>(schema: Desc, request: MessageShape<Desc>): MessageShape<Desc> {
  if (blanks(request).length === 0) return request;
  const filled = clone(schema, request);
  for (const fill of blanks(filled)) fill(freshId());
  return filled;
}

type Fill = (id: string) => void;

/** The identifiers that are missing, each as what sets it. */
function blanks(request: Message): Fill[] {
  if (isMessage(request, ResolveOutboundCallerIdRequestSchema)) {
    return request.callId || request.validateOnly ? [] : [(id) => Object.assign(request, { callId: id })];
  }
  if (isMessage(request, BatchResolveOutboundCallerIdsRequestSchema)) return request.requests.flatMap(blanks);
  // RouteInboundCall has a callId too, but records nothing under it: only requestId goes by its name.
  const missing = "requestId" in request && request.requestId === "";
  return missing ? [(id) => Object.assign(request, { requestId: id })] : [];
}

/**
 * A UUID of version 7 (RFC 9562). It begins with the time, so that a database keeps the records of calls together in
 * its index.
 */
function freshId(): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
