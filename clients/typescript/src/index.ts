/**
 * The client of localdial, the local presence service.
 *
 * Requests and responses are the messages of `localdial.v1`. The package adds what phone calls need: a deadline on
 * every call, retries where they are safe, and errors with their reason.
 */

export type { CallOptions } from "@connectrpc/connect";
export { Client, type ClientOptions, type Pem, type TlsOptions } from "./client.js";
export {
  AlreadyExistsError,
  CancelledError,
  DeadlineExceededError,
  errorFromStatus,
  FailedPreconditionError,
  type FieldViolation,
  InternalError,
  InvalidArgumentError,
  LocaldialError,
  NotFoundError,
  PermissionDeniedError,
  type Reason,
  ResourceExhaustedError,
  type StatusCode,
  UnauthenticatedError,
  UnavailableError,
  UnimplementedError,
} from "./errors.js";
export * from "./gen/localdial/v1/administration_pb.js";
export * from "./gen/localdial/v1/call_routing_pb.js";
export * from "./gen/localdial/v1/directory_pb.js";
export * from "./gen/localdial/v1/errors_pb.js";
export * from "./gen/localdial/v1/number_inventory_pb.js";
export * from "./gen/localdial/v1/number_pb.js";
export { withIds } from "./ids.js";
export { items, type ListMethod, pages } from "./paging.js";
export { version } from "./version.js";
