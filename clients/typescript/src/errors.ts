/** What a failed call throws: the gRPC status with its details, decoded. */

import type { Message } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import type { Status } from "./gen/google/rpc/status_pb.js";
import type { ErrorReason } from "./gen/localdial/v1/errors_pb.js";

/** The gRPC statuses, each at its number. */
const statusCodes = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

/** The name of a gRPC status. */
export type StatusCode = (typeof statusCodes)[number];

/** A value of `ErrorReason`; a newer server may have others, and `""` stands for none. */
export type Reason = keyof typeof ErrorReason | "" | (string & {});

/** A field of the request that breaks a rule of the contract. */
export interface FieldViolation {
  /** The path of the field, such as `users[3].caller_id`. */
  readonly field: string;
  /** What is wrong with it, for people. */
  readonly description: string;
}

/** What an error says; all but the message may be left out. */
export interface ErrorContent {
  code?: StatusCode;
  reason?: Reason;
  metadata?: Readonly<Record<string, string>>;
  violations?: readonly FieldViolation[];
  retryDelayMs?: number | undefined;
  request?: Message | undefined;
  cause?: unknown;
}

/**
 * A call failed, or one item of it (see `errorFromStatus`).
 *
 * Thrown as the subclass of its status; as itself for a status that has none. Programs decide by the class, or by
 * `code`, and by `reason`; the texts are for people and may change.
 */
export class LocaldialError extends Error {
  override name = "LocaldialError";
  /** The gRPC status. */
  readonly code: StatusCode;
  /** What went wrong as the service said it; `message` has the rest too. */
  readonly statusMessage: string;
  /** Why, where the service said so; empty where it did not, as when it could not be reached. */
  readonly reason: Reason;
  /** What belongs to the reason, as `ErrorReason` documents it. */
  readonly metadata: Readonly<Record<string, string>>;
  /** With `INVALID_FIELDS`: every field that is wrong. */
  readonly violations: readonly FieldViolation[];
  /** How long to wait before a repeat, where the service says that a repeat may help. */
  readonly retryDelayMs: number | undefined;
  /**
   * The request of the failed call as it was sent, with the identifiers that were filled in: sending it again is
   * harmless, where sending a fresh one might buy again. Undefined for one item of a call.
   */
  readonly request: Message | undefined;

  constructor(statusMessage: string, content: ErrorContent = {}) {
    const { code = "UNKNOWN", reason = "", violations = [], request } = content;
    super(oneLine(statusMessage, code, reason, violations, request), { cause: content.cause });
    this.statusMessage = statusMessage;
    this.code = code;
    this.reason = reason;
    this.metadata = content.metadata ?? {};
    this.violations = violations;
    this.retryDelayMs = content.retryDelayMs;
    this.request = request;
  }
}

/** All on one line: `INVALID_ARGUMENT (INVALID_FIELDS): field: what is wrong; ...`. */
function oneLine(
  statusMessage: string,
  code: StatusCode,
  reason: Reason,
  violations: readonly FieldViolation[],
  request: Message | undefined,
): string {
  const head = reason ? `${code} (${reason})` : code;
  // The service's message names the first of the fields; all of them say it better.
  const fields = violations.map(({ field, description }) => `${field}: ${description}`);
  const text = fields.join("; ") || statusMessage;
  // Whoever finds this line in a log must be able to repeat the purchase without buying again.
  const requestId = request && "requestId" in request && request.requestId;
  return `${head}: ${text}${requestId ? ` [request_id ${requestId}]` : ""}`;
}

/** The call was cancelled: by the caller, by the server, or because the client was closed during it. */
export class CancelledError extends LocaldialError {
  override name = "CancelledError";
}
/** The request breaks the rules of the contract; see `violations`. */
export class InvalidArgumentError extends LocaldialError {
  override name = "InvalidArgumentError";
}
/** No answer within the deadline. The call may have taken effect. */
export class DeadlineExceededError extends LocaldialError {
  override name = "DeadlineExceededError";
}
/** What the request names does not exist, or the carrier has no numbers to sell. */
export class NotFoundError extends LocaldialError {
  override name = "NotFoundError";
}
/** A number or an identifier is taken. */
export class AlreadyExistsError extends LocaldialError {
  override name = "AlreadyExistsError";
}
/** The caller may not do this. */
export class PermissionDeniedError extends LocaldialError {
  override name = "PermissionDeniedError";
}
/** A limit is reached, such as the size of a request. */
export class ResourceExhaustedError extends LocaldialError {
  override name = "ResourceExhaustedError";
}
/** The state of the organization does not allow it; a repeat alone will not help. */
export class FailedPreconditionError extends LocaldialError {
  override name = "FailedPreconditionError";
}
/** The server does not have this method: it is older than the client. */
export class UnimplementedError extends LocaldialError {
  override name = "UnimplementedError";
}
/** A fault of the server; `metadata` has the `incident_id` that its log has too. */
export class InternalError extends LocaldialError {
  override name = "InternalError";
}
/** The service cannot be reached or cannot work now, after the client's own repeats. */
export class UnavailableError extends LocaldialError {
  override name = "UnavailableError";
}
/** The caller did not prove who it is. */
export class UnauthenticatedError extends LocaldialError {
  override name = "UnauthenticatedError";
}

const classByCode: Partial<Record<StatusCode, typeof LocaldialError>> = {
  CANCELLED: CancelledError,
  INVALID_ARGUMENT: InvalidArgumentError,
  DEADLINE_EXCEEDED: DeadlineExceededError,
  NOT_FOUND: NotFoundError,
  ALREADY_EXISTS: AlreadyExistsError,
  PERMISSION_DENIED: PermissionDeniedError,
  RESOURCE_EXHAUSTED: ResourceExhaustedError,
  FAILED_PRECONDITION: FailedPreconditionError,
  UNIMPLEMENTED: UnimplementedError,
  INTERNAL: InternalError,
  UNAVAILABLE: UnavailableError,
  UNAUTHENTICATED: UnauthenticatedError,
};

/** The name of a status by its number; a number that gRPC does not have is UNKNOWN. */
export function statusCode(number: number): StatusCode {
  return statusCodes[number] ?? "UNKNOWN";
}

/** The error of a status, as its own class. */
export function errorOf(code: StatusCode, statusMessage: string, content: ErrorContent = {}): LocaldialError {
  return new (classByCode[code] ?? LocaldialError)(statusMessage, { ...content, code });
}

/**
 * Makes the error of a status that is part of an answer: of a leg of a batch, or of a number.
 *
 * Returns it, and leaves throwing it to the caller. Throws a TypeError for the status OK, which is no error: look at
 * what the item holds before.
 */
export function errorFromStatus(status: Status): LocaldialError {
  const code = statusCode(status.code);
  if (code === "OK") throw new TypeError("the status is OK, which is no error");
  return errorOf(code, status.message, detailsOf(status));
}

/** What the details of a status say. */
export function detailsOf(status: Status): ErrorContent {
  const content: ErrorContent = {};
  for (const detail of status.details) {
    try {
      // A proxy on the way may have reasons of its own, which are not those that ErrorReason documents.
      const info = anyUnpack(detail, ErrorInfoSchema);
      if (info?.domain === "localdial") Object.assign(content, { reason: info.reason, metadata: info.metadata });
      const bad = anyUnpack(detail, BadRequestSchema);
      if (bad) {
        content.violations = bad.fieldViolations.map(({ field, description }) => ({ field, description }));
      }
      const delay = anyUnpack(detail, RetryInfoSchema)?.retryDelay;
      if (delay) content.retryDelayMs = Number(delay.seconds) * 1000 + delay.nanos / 1e6;
    } catch {
      // Details that cannot be read must not hide the error that they belong to.
    }
  }
  return content;
}
