/** One attempt at a call: its stream, and what came over it, for the error that it may end with. */

import * as http2 from "node:http2";
import { fromBinary, type Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { GrpcTransportOptions } from "@connectrpc/connect-node";
import type { Connection } from "./connection.js";
import { detailsOf, errorOf, type LocaldialError, type StatusCode, statusCode } from "./errors.js";
import { type Status, StatusSchema } from "./gen/google/rpc/status_pb.js";

/** Why a call ends before its answer: the signal of a call is aborted with one of these. */
export class Ending extends Error {
  constructor(
    readonly code: "CANCELLED" | "DEADLINE_EXCEEDED",
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

// connect-node does not export the name of it.
type SessionManager = NonNullable<GrpcTransportOptions["sessionManager"]>;

/** What a server means by ending a stream with an HTTP/2 error, as gRPC has it; the others are INTERNAL anyway. */
const codeByReset: ReadonlyMap<number, StatusCode> = new Map([
  [http2.constants.NGHTTP2_REFUSED_STREAM, "UNAVAILABLE"],
  [http2.constants.NGHTTP2_CANCEL, "CANCELLED"],
  [http2.constants.NGHTTP2_ENHANCE_YOUR_CALM, "RESOURCE_EXHAUSTED"],
  [http2.constants.NGHTTP2_INADEQUATE_SECURITY, "PERMISSION_DENIED"],
]);

/** What connect-node makes its request through, bound to one connection. */
export class Exchange implements SessionManager {
  readonly authority: string;
  readonly #connection: Connection;
  readonly #startedAt = performance.now();
  #stream: http2.ClientHttp2Stream | undefined;
  #header: http2.IncomingHttpHeaders | undefined;
  #trailer: http2.IncomingHttpHeaders | undefined;

  constructor(connection: Connection, authority: string) {
    this.#connection = connection;
    this.authority = authority;
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
    this.#stream = stream;
    return stream;
  }

  notifyResponseByteRead(): void {
    this.#connection.received();
  }

  /** What the server says of repeats, or undefined. */
  get pushback(): unknown {
    return (this.#trailer ?? this.#header)?.["grpc-retry-pushback-ms"];
  }

  /** Whether it is certain that the server did nothing: another attempt is none more. */
  get untouched(): boolean {
    return !this.#stream || (!this.#header && this.#stream.rstCode === http2.constants.NGHTTP2_REFUSED_STREAM);
  }

  /** Takes the connection for a dead one where nothing at all came over it for as long as this attempt lasted. */
  suspect(): void {
    // The calls that are open go on: their server may just be slow. But no others shall wait for their deadlines.
    if (this.#connection.silentSince(this.#startedAt)) this.#connection.drain();
  }

  /** Makes the error of the attempt of what connect-node threw. */
  errorOf(thrown: unknown, request: Message): LocaldialError {
    return this.#sent(request, thrown) ?? this.#local(request, thrown);
  }

  /** The error that the server sent, if it sent one. */
  #sent(request: Message, cause: unknown): LocaldialError | undefined {
    const from = [this.#trailer, this.#header].find((each) => each?.["grpc-status"] !== undefined);
    const code = statusCode(Number(from?.["grpc-status"]));
    if (!from || code === "OK") return undefined;
    const status = statusOf(from["grpc-status-details-bin"]);
    const message = percentDecoded(String(from["grpc-message"] ?? ""));
    return errorOf(code, message, { ...(status && detailsOf(status)), request, cause });
  }

  /** The error of a call that ended without a word of the server. */
  #local(request: Message, cause: unknown): LocaldialError {
    const content = { request, cause };
    if (this.#connection.state === "dead" || !this.#stream) {
      const why = this.#connection.error?.message ?? "it was closed";
      // A repeat would end in the same way. Where several calls were open, it was another one as likely.
      if (this.#connection.oversizedFor === 1) return errorOf("RESOURCE_EXHAUSTED", why, content);
      return errorOf("UNAVAILABLE", `the connection to ${this.authority} was lost: ${why}`, content);
    }
    const { code, rawMessage } = ConnectError.from(cause, Code.Internal);
    return errorOf(codeByReset.get(this.#stream.rstCode) ?? statusCode(code), rawMessage, content);
  }
}

/** Details that cannot be read must not hide the error that they belong to. */
function statusOf(header: string | string[] | undefined): Status | undefined {
  if (typeof header !== "string") return undefined;
  try {
    return fromBinary(StatusSchema, Buffer.from(header, "base64"));
  } catch {
    return undefined;
  }
}

/** What is not percent-encoded as it should be is left as it is, as gRPC has it. */
function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
