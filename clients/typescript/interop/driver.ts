/**
 * Drives the client for the interop suite: reads commands as lines of JSON, and writes one answer for each.
 *
 * The commands are documented in `tests/interop/README.md`. With `--grpc-web`, calls go to the HTTP face by gRPC-Web.
 */

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import {
  type DescMethod,
  type DescService,
  fromJson,
  type JsonObject,
  type JsonValue,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import {
  Administration,
  type CallOptions,
  CallRouting,
  Client,
  type ClientOptions,
  Directory,
  errorFromStatus,
  LocaldialError,
  NumberInventory,
  pages,
} from "@localdial/client";
import { GrpcWebCaller } from "./grpc_web.js";

interface Command {
  readonly op: string;
  readonly client: string;
  readonly addresses: string[];
  readonly key?: string;
  readonly tls?: boolean;
  readonly root_certificate?: string;
  readonly client_certificate?: string;
  readonly client_key?: string;
  readonly timeout_ms?: number;
  readonly carrier_timeout_ms?: number;
  readonly read_your_writes?: boolean;
  readonly method: string;
  readonly request?: JsonValue;
  readonly path: string;
  readonly after_ms: number;
  readonly concurrency: number;
  readonly seconds: number;
}

type Method = (request: object, options?: CallOptions) => Promise<Message>;
type PageMethod = (request: object, options?: CallOptions) => Promise<Message & { nextPageToken: string }>;

const services: readonly DescService[] = [CallRouting, NumberInventory, Directory, Administration];
const contract: ReadonlyMap<string, DescMethod> = new Map(
  services.flatMap((service) => service.methods.map((method) => [`${service.typeName}/${method.name}`, method])),
);

const usesGrpcWeb = process.argv.includes("--grpc-web");
const clients = new Map<string, Client | GrpcWebCaller>();

function methodOf(command: Command): DescMethod {
  const method = contract.get(command.method);
  if (!method) throw new Error(`the contract has no ${command.method}`);
  return method;
}

/** Returns the client's method for an RPC, or undefined if it has none. */
function callOf(client: Client | GrpcWebCaller, method: DescMethod): Method | undefined {
  if (client instanceof GrpcWebCaller) return client.methodOf(method) as Method;
  const service = method.parent.name.replace(/^./, (first) => first.toLowerCase());
  return (client as unknown as Record<string, Record<string, Method>>)[service]?.[method.localName];
}

/** Returns the client's method, the request and the options of the call that a command describes. */
function parts(command: Command): [call: Method, request: Message, options: CallOptions] {
  const client = clients.get(command.client);
  const method = methodOf(command);
  const call = client && callOf(client, method);
  if (!call) throw new Error(`no client ${command.client}, or it has no ${command.method}`);
  const request = fromJson(method.input, command.request ?? {});
  return [call, request, command.timeout_ms === undefined ? {} : { timeoutMs: command.timeout_ms }];
}

function encoded(command: Command, response: Message): string {
  return Buffer.from(toBinary(methodOf(command).output, response)).toString("base64");
}

function errorObject(error: LocaldialError): JsonObject {
  return {
    type: error.name,
    code: error.code,
    reason: error.reason,
    message: error.statusMessage,
    metadata: { ...error.metadata },
    violations: error.violations.map(({ field, description }) => ({ field, description })),
    retry_delay_ms: error.retryDelayMs ?? null,
  };
}

function optionsOf(command: Command): ClientOptions {
  const pem = (path: string | undefined) => path !== undefined && readFileSync(path);
  const rootCertificate = pem(command.root_certificate);
  const clientCertificate = pem(command.client_certificate);
  const clientKey = pem(command.client_key);
  return {
    address: command.addresses,
    key: command.key,
    tls: (command.tls === true || Boolean(rootCertificate || clientCertificate || clientKey)) && {
      ...(rootCertificate && { rootCertificate }),
      ...(clientCertificate && { clientCertificate }),
      ...(clientKey && { clientKey }),
    },
    ...(command.timeout_ms !== undefined && { timeoutMs: command.timeout_ms }),
    ...(command.carrier_timeout_ms !== undefined && { carrierTimeoutMs: command.carrier_timeout_ms }),
    ...(command.read_your_writes !== undefined && { readYourWrites: command.read_your_writes }),
  };
}

const operations: Readonly<Record<string, (command: Command) => Promise<JsonObject>>> = {
  async connect(command) {
    await clients.get(command.client)?.close();
    clients.delete(command.client);
    try {
      const client = usesGrpcWeb ? new GrpcWebCaller(command.addresses.join()) : new Client(optionsOf(command));
      clients.set(command.client, client);
      return { ok: true };
    } catch (error) {
      const { name, message } = error as Error;
      return { error: { type: name, code: "INVALID_ARGUMENT", message } };
    }
  },

  async close(command) {
    await clients.get(command.client)?.close();
    clients.delete(command.client);
    return { ok: true };
  },

  async call(command) {
    const [call, request, options] = parts(command);
    return { response: encoded(command, await call(request, options)) };
  },

  async pages(command) {
    const [call, request, options] = parts(command);
    const found: string[] = [];
    for await (const page of pages(call as PageMethod, request, options)) found.push(encoded(command, page));
    return { pages: found };
  },

  async statuses(command) {
    const [call, request, options] = parts(command);
    const response = await call(request, options);
    const items = (response as unknown as Record<string, unknown[]>)[command.path] ?? [];
    return { response: encoded(command, response), errors: items.map(errorIn) };
  },

  async cancel(command) {
    const [call, request, options] = parts(command);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), command.after_ms);
    return { response: encoded(command, await call(request, { ...options, signal: controller.signal })) };
  },

  async load(command) {
    const [call, request, options] = parts(command);
    const until = performance.now() + command.seconds * 1000;
    const errors: Record<string, number> = {};
    const samples: JsonObject[] = [];
    let calls = 0;
    const worker = async () => {
      while (performance.now() < until) {
        calls += 1;
        try {
          await call(request, options);
        } catch (error) {
          if (!(error instanceof LocaldialError)) throw error;
          errors[error.code] = (errors[error.code] ?? 0) + 1;
          if (samples.length < 5) samples.push(errorObject(error));
        }
      }
    };
    await Promise.all(Array.from({ length: command.concurrency }, worker));
    return { calls, errors, samples };
  },

  async methods(command) {
    const client = clients.get(command.client);
    const found = [...contract].filter(([, method]) => client && callOf(client, method));
    return { methods: found.map(([name]) => name) };
  },
};

/** Returns the error of an item with a status, a failed number or a leg of a batch, or null for any other item. */
function errorIn(item: unknown): JsonObject | null {
  const { status, result } = item as { status?: unknown; result?: { case?: string; value?: unknown } };
  const found = result?.case === "status" ? result.value : status;
  return found ? errorObject(errorFromStatus(found as Parameters<typeof errorFromStatus>[0])) : null;
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as Command;
  const operation = operations[command.op];
  let answer: JsonObject;
  try {
    answer = operation ? await operation(command) : { unsupported: command.op };
  } catch (error) {
    if (!(error instanceof LocaldialError)) throw error;
    answer = { error: errorObject(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await Promise.all([...clients.values()].map((client) => client.close()));
