/** One attempt of a call on one connection, and the error that it ends with. */

import * as http2 from "node:http2";
import { fromBinary, type Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { GrpcTransportOptions } from "@connectrpc/connect-node";
import type { Connection } from "./connection.js";
import { detailsOf, errorOf, type LocaldialError, type StatusCode, statusCode } from "./errors.js";
import { type Status, StatusSchema } from "./gen/google/rpc/status_pb.js";

/** Why this side ended a call: the reason with which the signal of the call is aborted. */
export class CallEnded extends Error {
  constructor(
    readonly code: "CANCELLED" | "DEADLINE_EXCEEDED",
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

// connect-node does not export this type.
type SessionManager = NonNullable<GrpcTransportOptions["sessionManager"]>;

/** The gRPC status for an HTTP/2 error code with which a server resets a stream. All others are INTERNAL. */
const codeByReset: ReadonlyMap<number, StatusCode> = new Map([
  [http2.constants.NGHTTP2_REFUSED_STREAM, "UNAVAILABLE"],
  [http2.constants.NGHTTP2_CANCEL, "CANCELLED"],
  [http2.constants.NGHTTP2_ENHANCE_YOUR_CALM, "RESOURCE_EXHAUSTED"],
  [http2.constants.NGHTTP2_INADEQUATE_SECURITY, "PERMISSION_DENIED"],
]);

/** The session manager through which connect-node makes one request, on a given connection. */
export class Attempt implements SessionManager {
  readonly authority: string;
  /** Rejects if the stream ends before a response comes. connect-node would wait for the response forever. */
  readonly unanswered: Promise<never>;
  #rejectUnanswered: (reason: Error) => void = () => {};
  readonly #connection: Connection;
  readonly #startedAt = performance.now();
  #stream: http2.ClientHttp2Stream | undefined;
  #header: http2.IncomingHttpHeaders | undefined;
  #trailer: http2.IncomingHttpHeaders | undefined;

  constructor(connection: Connection, authority: string) {
    this.#connection = connection;
    this.authority = authority;
    this.unanswered = new Promise((_, reject) => {
      this.#rejectUnanswered = reject;
    });
  }

  async request(
    method: string,
    path: string,
    headers: http2.OutgoingHttpHeaders,
    options: http2.ClientSessionRequestOptions,
  ): Promise<http2.ClientHttp2Stream> {
    const stream = this.#connection.request({ ...headers, ":method": method, ":path": path }, options);
    stream.once("response", (header) => {
      this.#header = header;
      this.#connection.received();
    });
    stream.once("trailers", (trailer) => {
      this.#trailer = trailer;
    });
    // After "response" and "error", which say more.
    stream.once("close", () => {
      if (!this.#header) setImmediate(this.#rejectUnanswered, new Error("the stream ended before a response came"));
    });
    this.#stream = stream;
    return stream;
  }

  notifyResponseByteRead(): void {
    this.#connection.received();
  }

  /** The server's `grpc-retry-pushback-ms` header, or undefined. */
  get pushback(): unknown {
    return (this.#trailer ?? this.#header)?.["grpc-retry-pushback-ms"];
  }

  /** Whether it is certain that the server did not process the request, so that sending it again is no retry. */
  get unprocessed(): boolean {
    return !this.#stream || (!this.#header && this.#stream.rstCode === http2.constants.NGHTTP2_REFUSED_STREAM);
  }

  /** Drains the connection if nothing was received on it during this attempt, because the server may be dead. */
  drainIfSilent(): void {
    // The open calls continue, because the server may just be slow. New calls must not wait for their deadlines too.
    if (this.#connection.silentSince(this.#startedAt)) this.#connection.drain();
  }

  /** Returns the error of the attempt, made from what connect-node threw. */
  errorOf(thrown: unknown, request: Message): LocaldialError {
    return this.#serverError(request, thrown) ?? this.#localError(request, thrown);
  }

  /** Returns the error that the server sent, or undefined if it sent none. */
  #serverError(request: Message, cause: unknown): LocaldialError | undefined {
    const from = [this.#trailer, this.#header].find((each) => each?.["grpc-status"] !== undefined);
    const code = statusCode(Number(from?.["grpc-status"]));
    if (!from || code === "OK") return undefined;
    const status = statusOf(from["grpc-status-details-bin"]);
    const message = percentDecoded(String(from["grpc-message"] ?? ""));
    return errorOf(code, message, { ...(status && detailsOf(status)), request, cause });
  }

  /** Returns the error of an attempt that ended without a status from the server. */
  #localError(request: Message, cause: unknown): LocaldialError {
    const content = { request, cause };
    if (this.#connection.state === "dead" || !this.#stream) {
      const why = this.#connection.error?.message ?? "it was closed";
      // A retry would end the same way. If several calls were open, any of them may have caused it, so they are
      // retried.
      if (this.#connection.oversizedFor === 1) return errorOf("RESOURCE_EXHAUSTED", why, content);
      return errorOf("UNAVAILABLE", `the connection to ${this.authority} was lost: ${why}`, content);
    }
    const { code, rawMessage } = ConnectError.from(cause, Code.Internal);
    return errorOf(codeByReset.get(this.#stream.rstCode) ?? statusCode(code), rawMessage, content);
  }
}

/** Decodes the status with its details. Returns undefined if it cannot, so that the error itself is not hidden. */
function statusOf(header: string | string[] | undefined): Status | undefined {
  if (typeof header !== "string") return undefined;
  try {
    return fromBinary(StatusSchema, Buffer.from(header, "base64"));
  } catch {
    return undefined;
  }
}

/** Decodes a percent-encoded text. Like gRPC, returns it unchanged if it is encoded wrongly. */
function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
