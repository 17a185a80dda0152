/** Calls of the HTTP face by gRPC-Web, through Connect's own transport instead of the client's. */

import { create, type DescMethod, type DescMethodUnary, type Message } from "@bufbuild/protobuf";
import { type CallOptions, ConnectError, type Transport } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-node";
import { errorFromStatus, withIds } from "@localdial/client";
import { StatusSchema } from "#client/gen/google/rpc/status_pb.js";

/** Makes the calls that the driver makes through a `Client`. */
export class GrpcWebCaller {
  readonly #transport: Transport;

  constructor(baseUrl: string) {
    this.#transport = createGrpcWebTransport({ baseUrl, httpVersion: "1.1" });
  }

  async close(): Promise<void> {}

  /** Returns the function that calls the method, and throws the errors that the client throws. */
  methodOf(method: DescMethod): (request: Message, options?: CallOptions) => Promise<Message> {
    return async (request, options) => {
      const input = withIds(method.input, request);
      try {
        const unary = method as DescMethodUnary;
        const { message } = await this.#transport.unary(unary, undefined, options?.timeoutMs, undefined, input);
        return message;
      } catch (error) {
        throw localdialError(ConnectError.from(error));
      }
    };
  }
}

function localdialError(error: ConnectError): Error {
  const details = error.details.flatMap((detail) =>
    "type" in detail ? [{ typeUrl: `type.googleapis.com/${detail.type}`, value: detail.value }] : [],
  );
  return errorFromStatus(create(StatusSchema, { code: error.code, message: error.rawMessage, details }));
}
