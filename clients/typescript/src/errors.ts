/** The errors that failed calls throw: the gRPC status with its decoded details. */

import type { Message } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import type { Status } from "./gen/google/rpc/status_pb.js";
import type { ErrorReason } from "./gen/localdial/v1/errors_pb.js";

/** The names of the gRPC statuses, indexed by their numbers. */
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

/** The name of a value of `ErrorReason`, or `""` for none. A newer server may send other names. */
export type Reason = keyof typeof ErrorReason | "" | (string & {});

/** A field of the request that breaks a rule of the contract. */
export interface FieldViolation {
  /** The path of the field, such as `users[3].caller_id`. */
  readonly field: string;
  /** What is wrong with the field, for people to read. */
  readonly description: string;
}

/** The content of an error besides its message. */
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
 * The error of a failed call, or of one item of it (see `errorFromStatus`).
 *
 * Each status has its own subclass, except those that the service never sends. Programs should decide by the class or
 * `code`, and by `reason`; the messages are for people and may change.
 */
export class LocaldialError extends Error {
  override name = "LocaldialError";
  /** The gRPC status. */
  readonly code: StatusCode;
  /** What went wrong, in the service's words. `message` also has the code, the reason and the violations. */
  readonly statusMessage: string;
  /** Why the call failed. Empty if the service gave no reason, for example because it could not be reached. */
  readonly reason: Reason;
  /** The metadata of the reason, as `ErrorReason` documents it. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * With the reason `INVALID_FIELDS`: the invalid fields. Of very many, the service lists the first ones; see
   * `unlistedViolations`.
   */
  readonly violations: readonly FieldViolation[];
  /** How many milliseconds to wait before repeating the call. Undefined if the service gave no delay. */
  readonly retryDelayMs: number | undefined;
  /**
   * The request as it was sent, including the identifiers that were filled in. Sending it again is safe; a new request
   * might buy again. Undefined for one item of a call.
   */
  readonly request: Message | undefined;

  constructor(statusMessage: string, content: ErrorContent = {}) {
    const { code = "UNKNOWN", reason = "", metadata = {}, violations = [], request } = content;
    super(oneLine(statusMessage, code, content), { cause: content.cause });
    this.statusMessage = statusMessage;
    this.code = code;
    this.reason = reason;
    this.metadata = metadata;
    this.violations = violations;
    this.retryDelayMs = content.retryDelayMs;
    this.request = request;
  }

  /** How many invalid fields there are beyond `violations`, because the service lists only some. */
  get unlistedViolations(): number {
    return unlistedOf(this.metadata, this.violations);
  }
}

function unlistedOf({ violation_count: total }: Readonly<Record<string, string>>, listed: readonly unknown[]): number {
  // An unreadable total is NaN.
  return Math.max((Number(total) || 0) - listed.length, 0);
}

/** Returns everything on one line: `INVALID_ARGUMENT (INVALID_FIELDS): field: what is wrong; ...`. */
function oneLine(statusMessage: string, code: StatusCode, content: ErrorContent): string {
  const { reason, metadata = {}, violations = [], request } = content;
  const head = reason ? `${code} (${reason})` : code;
  // The service's message names only the first invalid fields.
  const fields = violations.map(({ field, description }) => `${field}: ${description}`);
  const unlisted = unlistedOf(metadata, violations);
  if (fields.length && unlisted) fields.push(`and ${unlisted} more`);
  const text = fields.join("; ") || statusMessage;
  // Someone who finds this line in a log needs the request_id to repeat the purchase safely.
  const requestId = request && "requestId" in request && request.requestId;
  return `${head}: ${text}${requestId ? ` [request_id ${requestId}]` : ""}`;
}

/** The call was cancelled by the caller, by the server, or because the client was closed during the call. */
export class CancelledError extends LocaldialError {
  override name = "CancelledError";
}
/** The request breaks a rule of the contract; see `violations`. */
export class InvalidArgumentError extends LocaldialError {
  override name = "InvalidArgumentError";
}
/** There was no response in time. The call may have taken effect. */
export class DeadlineExceededError extends LocaldialError {
  override name = "DeadlineExceededError";
}
/** Something that the request names does not exist, or the carrier has no numbers for sale. */
export class NotFoundError extends LocaldialError {
  override name = "NotFoundError";
}
/** A number or an identifier is already in use. */
export class AlreadyExistsError extends LocaldialError {
  override name = "AlreadyExistsError";
}
/** The caller does not have permission for the call. */
export class PermissionDeniedError extends LocaldialError {
  override name = "PermissionDeniedError";
}
/** A limit is exceeded, such as the size of a request. */
export class ResourceExhaustedError extends LocaldialError {
  override name = "ResourceExhaustedError";
}
/** The state of the organization does not allow the call; repeating it alone does not help. */
export class FailedPreconditionError extends LocaldialError {
  override name = "FailedPreconditionError";
}
/** The server does not have this method, because it is older than the client. */
export class UnimplementedError extends LocaldialError {
  override name = "UnimplementedError";
}
/** The server failed; `metadata` has the `incident_id` under which its log has the cause. */
export class InternalError extends LocaldialError {
  override name = "InternalError";
}
/** The service cannot be reached or is not ready, even after the client's own retries. */
export class UnavailableError extends LocaldialError {
  override name = "UnavailableError";
}
/** The call has no valid key. */
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

/** Returns the name of the status with this number, or UNKNOWN for a number that gRPC does not define. */
export function statusCode(number: number): StatusCode {
  return statusCodes[number] ?? "UNKNOWN";
}

/** Returns the error of a status, as the subclass for it. */
export function errorOf(code: StatusCode, statusMessage: string, content: ErrorContent = {}): LocaldialError {
  return new (classByCode[code] ?? LocaldialError)(statusMessage, { ...content, code });
}

/**
 * Returns the error for a status inside a response: that of a leg of a batch, or of a number.
 *
 * Throws a TypeError for the status OK, which is not an error.
 */
export function errorFromStatus(status: Status): LocaldialError {
  const code = statusCode(status.code);
  if (code === "OK") throw new TypeError("the status is OK, which is not an error");
  return errorOf(code, status.message, detailsOf(status));
}

/** Decodes the details of a status. */
export function detailsOf(status: Status): ErrorContent {
  const content: ErrorContent = {};
  for (const detail of status.details) {
    try {
      // A proxy may add reasons of its own domain, which are not values of ErrorReason.
      const info = anyUnpack(detail, ErrorInfoSchema);
      if (info?.domain === "localdial") Object.assign(content, { reason: info.reason, metadata: info.metadata });
      const bad = anyUnpack(detail, BadRequestSchema);
      if (bad) {
        content.violations = bad.fieldViolations.map(({ field, description }) => ({ field, description }));
      }
      const delay = anyUnpack(detail, RetryInfoSchema)?.retryDelay;
      if (delay) content.retryDelayMs = Number(delay.seconds) * 1000 + delay.nanos / 1e6;
    } catch {
      // Details that cannot be decoded must not hide the error itself.
    }
  }
  return content;
}
