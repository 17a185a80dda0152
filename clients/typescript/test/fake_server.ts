/** A gRPC server on loopback that serves every method of the contract with the answers that a test sets. */

import * as http2 from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { DescService, Message } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  createContextKey,
  createContextValues,
  type HandlerContext,
} from "@connectrpc/connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { CallRouting, Directory, NumberInventory } from "@localdial/client";

export const services = { callRouting: CallRouting, numberInventory: NumberInventory, directory: Directory };

/** A call as the server received it. */
export interface Received {
  /** The name of the method, such as `GetUser`. */
  readonly method: string;
  readonly request: Message;
  readonly header: Headers;
  /** The deadline that the caller sent. */
  readonly timeoutMs: number | undefined;
}

/** The answer to a call: the fields of its response, an error, or a function that returns the fields. */
export type Answer = object | ((context: HandlerContext) => Promise<object>);

/** Handles a call on the HTTP/2 level, instead of the gRPC handler. */
export type Raw = (response: http2.Http2ServerResponse) => void;

export const unavailable = () => new ConnectError("restarting", Code.Unavailable);

/** An answer that never comes. `started` and `ended` resolve when the call arrives and when the caller gives up. */
export class Hang {
  readonly started: Promise<void>;
  readonly ended: Promise<void>;
  #start: () => void = () => {};
  #end: () => void = () => {};

  constructor() {
    this.started = new Promise((resolve) => {
      this.#start = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  readonly answer = (context: HandlerContext): Promise<object> => {
    this.#start();
    return new Promise((_, reject) => {
      context.signal.addEventListener("abort", () => {
        this.#end();
        reject(new ConnectError("given up", Code.Canceled));
      });
    });
  };
}

// The stream of a call, for answers that connect's handler cannot give.
const streamOf = createContextKey<http2.ServerHttp2Stream | undefined>(undefined);

/** Sends an error as gRPC servers do: as trailers only. connect's handler would send headers before them. */
async function sendError(stream: http2.ServerHttp2Stream | undefined, error: ConnectError): Promise<void> {
  if (!stream || stream.destroyed) return;
  const trailers = new Headers();
  setTrailerStatus(trailers, error);
  const head = { ":status": 200, "content-type": "application/grpc+proto" };
  stream.respond({ ...head, ...Object.fromEntries(trailers) }, { endStream: true });
  // The handler does not answer on a stream that is closed.
  await new Promise((resolve) => stream.once("close", resolve));
}

/** Records every call, and gives it the next answer, or an empty message if there are no answers left. */
export class FakeServer {
  readonly received: Received[] = [];
  /** The open connections. */
  readonly sockets = new Set<Socket>();
  readonly sessions = new Set<http2.ServerHttp2Session>();
  /** How many connections were made so far. */
  connections = 0;
  readonly #answers: Answer[] = [];
  readonly #raw: Raw[] = [];
  readonly #server: http2.Http2Server | http2.Http2SecureServer;

  constructor(tls?: http2.SecureServerOptions) {
    const handler = connectNodeAdapter({
      routes: (router) => this.#routes(router),
      readMaxBytes: 64 * 1024 * 1024,
      contextValues: (request) => createContextValues().set(streamOf, (request as http2.Http2ServerRequest).stream),
    });
    const onRequest = (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => {
      const raw = this.#raw.shift();
      if (raw) raw(response);
      else handler(request, response);
    };
    const limits = { maxSendHeaderBlockLength: 1024 * 1024 };
    this.#server = tls
      ? http2.createSecureServer({ ...limits, ...tls }, onRequest)
      : http2.createServer(limits, onRequest);
    this.#server.on("connection", (socket: Socket) => {
      this.connections += 1;
      this.sockets.add(socket);
      socket.once("close", () => this.sockets.delete(socket));
      socket.on("error", () => {});
    });
    this.#server.on("session", (session) => {
      this.sessions.add(session);
      session.once("close", () => this.sessions.delete(session));
      session.on("error", () => {});
    });
    this.#server.on("sessionError", () => {});
    this.#server.on("tlsClientError", () => {});
  }

  /** Starts to listen. Returns the address. */
  async start(port = 0, host = "127.0.0.1"): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, resolve);
    });
    return `${host}:${this.port}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Stops like a crash: cuts all connections. */
  async kill(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Accepts no new connections, and sends GOAWAY on the open ones. Calls in flight continue. */
  drain(): void {
    this.#server.close();
    for (const session of this.sessions) session.close();
  }

  /** Adds answers for the next calls. */
  answers(...answers: Answer[]): void {
    this.#answers.push(...answers);
  }

  /** Adds handlers for the next calls on the HTTP/2 level. */
  raw(...raw: Raw[]): void {
    this.#raw.push(...raw);
  }

  forgetAnswers(): void {
    this.#answers.length = 0;
  }

  /** Returns all requests, in the order in which they arrived. */
  requests(): Message[] {
    return this.received.map(({ request }) => request);
  }

  /** Returns the last request. */
  last<Request extends Message>(): Request {
    const received = this.received.at(-1);
    if (!received) throw new Error("no call has arrived");
    return received.request as Request;
  }

  #routes(router: ConnectRouter): void {
    for (const service of Object.values<DescService>(services)) {
      const methods = service.methods.map(({ name, localName }) => [
        localName,
        (request: Message, context: HandlerContext) => this.#answer(name, request, context),
      ]);
      router.service(service, Object.fromEntries(methods));
    }
  }

  async #answer(method: string, request: Message, context: HandlerContext): Promise<object> {
    this.received.push({ method, request, header: context.requestHeader, timeoutMs: context.timeoutMs() });
    const answer = this.#answers.shift() ?? {};
    try {
      if (answer instanceof Error) throw answer;
      return typeof answer === "function" ? await answer(context) : answer;
    } catch (error) {
      await sendError(context.values.get(streamOf), ConnectError.from(error));
      throw error;
    }
  }
}
