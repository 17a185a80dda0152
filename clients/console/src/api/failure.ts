/** What went wrong with a call, in a form that the views show and decide by. */

import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "#gen/google/rpc/error_details_pb";
import type { Status } from "#gen/google/rpc/status_pb";
import type { ErrorReason } from "#gen/localdial/v1/errors_pb";

/** The name of a value of `ErrorReason`. `"OFFLINE"`: no server answered. `""`: the server gave no reason. */
export type Reason = keyof typeof ErrorReason | "OFFLINE" | "";

export interface Violation {
  /** The field of the request, as the contract names it, such as `area_code`. */
  readonly field: string;
  readonly description: string;
}

export interface Failure {
  readonly reason: Reason;
  /** What is wrong, in the server's words. */
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly violations: readonly Violation[];
  /** How long to wait before the call is repeated, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** Returns what went wrong with a call that threw `error`. */
export function failureOf(thrown: unknown): Failure {
  const error = ConnectError.from(thrown);
  const [info] = error.findDetails(ErrorInfoSchema);
  const [fields] = error.findDetails(BadRequestSchema);
  const [retry] = error.findDetails(RetryInfoSchema);
  return failure(
    info === undefined && isUnanswered(error) ? "OFFLINE" : ((info?.reason ?? "") as Reason),
    error.rawMessage,
    info?.metadata,
    fields?.fieldViolations,
    retry?.retryDelay?.seconds,
  );
}

/** Returns what went wrong with one item of a call that succeeded. */
export function failureOfStatus(status: Status): Failure {
  const [info] = status.details.flatMap((detail) => anyUnpack(detail, ErrorInfoSchema) ?? []);
  const [fields] = status.details.flatMap((detail) => anyUnpack(detail, BadRequestSchema) ?? []);
  return failure((info?.reason ?? "") as Reason, status.message, info?.metadata, fields?.fieldViolations);
}

function failure(
  reason: Reason,
  message: string,
  metadata: Failure["metadata"] = {},
  violations: readonly Violation[] = [],
  retrySeconds?: bigint,
): Failure {
  const found = { reason, message, metadata, violations };
  return retrySeconds === undefined ? found : { ...found, retryAfterMs: Number(retrySeconds) * 1000 };
}

/** Whether the call reached no server: the browser could not connect, or a proxy answered for it. */
function isUnanswered(error: ConnectError): boolean {
  return error.code === Code.Unavailable || error.code === Code.Unknown || error.code === Code.DeadlineExceeded;
}
