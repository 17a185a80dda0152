/** The identifiers that make a call safe to retry. */

import { randomBytes } from "node:crypto";
import {
  clone,
  create,
  type DescMessage,
  isMessage,
  type Message,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import {
  BatchResolveOutboundCallerIdsRequestSchema,
  ResolveOutboundCallerIdRequestSchema,
  RouteInboundCallRequestSchema,
} from "./gen/localdial/v1/call_routing_pb.js";
import { requireType } from "./request_type.js";

/**
 * Fills in the identifiers that make it safe to repeat a request.
 *
 * An empty `requestId` becomes a new UUID, and so does the empty `callId` of a call-back, and of a leg to resolve,
 * unless the leg is `validateOnly` and records nothing. A server returns its first response again for an identifier
 * that it has seen, so that a repeated call buys, deletes or records only once. Every method does this itself. Use this
 * function to know the identifiers before a call, in order to repeat it yourself.
 *
 * Takes a message or its fields. Returns a message: a copy, or the request itself if it is a message and nothing is
 * missing. The request is never changed. Throws a TypeError for a message of another type, and for fields that the
 * message does not have.
 */
export function withIds<Desc extends DescMessage>(schema: Desc, request: MessageInitShape<Desc>): MessageShape<Desc> {
  requireType(schema, request);
  const message = create(schema, request);
  if (missingIds(message).length === 0) return message;
  const filled = clone(schema, message);
  for (const fill of missingIds(filled)) fill(newId());
  return filled;
}

type Fill = (id: string) => void;

/** Returns a setter for each missing identifier. */
function missingIds(request: Message): Fill[] {
  if (isMessage(request, ResolveOutboundCallerIdRequestSchema)) {
    return request.callId || request.validateOnly ? [] : [(id) => Object.assign(request, { callId: id })];
  }
  if (isMessage(request, BatchResolveOutboundCallerIdsRequestSchema)) return request.requests.flatMap(missingIds);
  if (isMessage(request, RouteInboundCallRequestSchema)) {
    return request.callId ? [] : [(id) => Object.assign(request, { callId: id })];
  }
  // ReportInboundCallOutcome also has a callId, which must not be new.
  const missing = "requestId" in request && request.requestId === "";
  return missing ? [(id) => Object.assign(request, { requestId: id })] : [];
}

/**
 * Returns a UUID of version 7 (RFC 9562). It begins with the time, so that a database inserts new calls in the same
 * part of its index.
 */
function newId(): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
