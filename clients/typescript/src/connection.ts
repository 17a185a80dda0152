/** One HTTP/2 connection to one server. It is kept alive while it lasts, and never reconnects. */

import * as http2 from "node:http2";
import * as net from "node:net";
import * as tls from "node:tls";

/** One server of an address. */
export interface Target {
  /** For example `https://dial.example:50051`. The server's certificate must be for this host. */
  readonly authority: string;
  /** The host name or IP address in the authority. */
  readonly host: string;
  /** The IP address to connect to: one of those that the host resolves to. */
  readonly ip: string;
  readonly port: number;
  /** The server, for messages. */
  readonly text: string;
}

/** How to make and keep connections. */
export interface ConnectionSettings {
  readonly secureContext: tls.SecureContext | undefined;
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
}

const mebibyte = 1024 * 1024;
// The metadata that a server may send. The details of an error travel there, beside what proxies add.
const maxHeaderListSize = mebibyte;
// Node.js ends a connection on which one encoded header exceeds 64 KiB, which only a proxy or another server sends. It
// notifies neither the session nor its streams, so every call would hang. `#watchForOversized` detects it.
const oversizedBytes = 60_000;
const watchEveryMs = 100;
// gRPC's default. A call that waits for the connection usually reaches its deadline first.
const connectTimeoutMs = 20_000;
// The time for the last frames of a connection to be sent before its socket is destroyed.
const closeTimeoutMs = 100;

/**
 * - connecting: no HTTP/2 server has answered yet
 * - ready: accepts calls
 * - draining: accepts no new calls, and closes when the open ones have ended
 * - dead: closed, along with all its calls
 */
export type ConnectionState = "connecting" | "ready" | "draining" | "dead";

export class Connection {
  readonly #socket: net.Socket;
  readonly #session: http2.ClientHttp2Session;
  readonly #settings: ConnectionSettings;
  readonly #onChange: () => void;
  #state: ConnectionState = "connecting";
  #error: Error | undefined;
  #timer: NodeJS.Timeout | undefined;
  #receivedAt = performance.now();
  #receivedBytes = 0;
  #streams = 0;
  #watch: NodeJS.Timeout | undefined;
  /** Resolves when the socket is closed. */
  readonly closed: Promise<void>;
  /** How many calls were open when the server sent more metadata than Node.js can read; undefined if it did not. */
  oversizedFor: number | undefined;
  /** Whether the server closed the connection because of too many pings. */
  tooManyPings = false;

  constructor(target: Target, settings: ConnectionSettings, onChange: () => void) {
    this.#settings = settings;
    this.#onChange = onChange;
    this.#socket = socketTo(target, settings.secureContext);
    this.#session = http2.connect(target.authority, {
      createConnection: () => this.#socket,
      settings: { maxHeaderListSize, enablePush: false, initialWindowSize: 4 * mebibyte },
      // In megabytes: enough for a large response and its parsed headers.
      maxSessionMemory: 64,
    });
    this.#session.once("connect", () => {
      // The event comes late, and the session may be closed by then.
      if (!this.#session.destroyed) this.#session.setLocalWindowSize(8 * mebibyte);
    });
    // "connect" would be too early, because anything that listens on the port gets that far. A gRPC server sends
    // SETTINGS.
    this.#session.once("remoteSettings", () => this.#becomeReady());
    this.#session.once("goaway", (code, _, data) => this.#onGoaway(code, data));
    this.#session.on("error", (error) => this.close(error));
    this.#session.once("close", () => this.close(new Error("the connection was closed")));
    // The session does not always report a lost socket, for example when a TLS server rejects the client late.
    this.#socket.on("error", (error) => this.close(error));
    this.closed = new Promise((resolve) => {
      this.#socket.once("close", () => {
        this.close(new Error("the connection was closed"));
        resolve();
      });
    });
    this.#timer = setTimeout(
      () => this.close(new Error("the server did not answer the attempt to connect")),
      connectTimeoutMs,
    );
    this.#timer.unref();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Why the connection ended, if it has. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Opens a stream. Throws if the connection no longer accepts one; then nothing was sent. */
  request(headers: http2.OutgoingHttpHeaders, options: http2.ClientSessionRequestOptions): http2.ClientHttp2Stream {
    const stream = this.#session.request(headers, options);
    this.#streams += 1;
    // An open call keeps the process running; an idle connection does not.
    if (this.#streams === 1) this.#session.ref();
    this.#watch ??= this.#watchForOversized();
    stream.once("close", () => {
      this.#streams -= 1;
      if (this.#streams > 0) return;
      this.#session.unref();
      if (this.#state === "draining") this.close();
    });
    return stream;
  }

  /** Records that the server just sent something, so it is alive. */
  received(): void {
    this.#receivedAt = performance.now();
    this.#receivedBytes = this.#socket.bytesRead;
  }

  /** Returns whether nothing was received since `time`, a value of `performance.now()`. */
  silentSince(time: number): boolean {
    return this.#receivedAt < time;
  }

  /** Accepts no new calls, and closes when the open ones have ended. */
  drain(): void {
    if (this.#state !== "ready") return;
    this.#change("draining");
    if (this.#streams === 0) this.close();
  }

  /** Closes the connection immediately, with all its calls. Only the first reason is kept. */
  close(reason?: Error): void {
    if (this.#state === "dead") return;
    this.#error = reason;
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    if (!this.#session.destroyed) this.#session.destroy();
    // The session closes the socket once its last frames are sent, which may never happen.
    const force = setTimeout(() => this.#socket.destroy(), closeTimeoutMs);
    this.#socket.once("close", () => clearTimeout(force));
    if (this.#socket.destroyed) clearTimeout(force);
    this.#change("dead");
  }

  #becomeReady(): void {
    if (this.#state !== "connecting") return;
    if (this.#streams === 0) this.#session.unref();
    this.received();
    this.#keepAlive();
    this.#change("ready");
  }

  #onGoaway(code: number, data?: NodeJS.ArrayBufferView): void {
    const calm = code === http2.constants.NGHTTP2_ENHANCE_YOUR_CALM;
    if (calm && data && Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString() === "too_many_pings") {
      this.tooManyPings = true;
    }
    this.drain();
  }

  #change(state: ConnectionState): void {
    this.#state = state;
    this.#onChange();
  }

  /** While calls are open, detects bytes that the socket received but that the session never delivered. */
  #watchForOversized(): NodeJS.Timeout {
    let before = 0;
    const watch = setInterval(() => {
      const { bytesRead } = this.#socket;
      if (this.#streams === 0) {
        clearInterval(watch);
        this.#watch = undefined;
      } else if (bytesRead === before && bytesRead - this.#receivedBytes > oversizedBytes) {
        this.oversizedFor = this.#streams;
        this.close(new Error("the server sent more metadata than Node.js can read (64 KiB): ask for less at once"));
      }
      before = bytesRead;
    }, watchEveryMs);
    return watch.unref();
  }

  /** Pings an idle connection, so that a dead server is noticed and no NAT drops the connection. */
  #keepAlive(): void {
    clearTimeout(this.#timer);
    const idleMs = performance.now() - this.#receivedAt;
    this.#timer = setTimeout(() => {
      if (performance.now() - this.#receivedAt < this.#settings.keepaliveMs) this.#keepAlive();
      else this.#ping();
    }, this.#settings.keepaliveMs - idleMs);
    this.#timer.unref();
  }

  #ping(): void {
    const { keepaliveTimeoutMs } = this.#settings;
    this.#timer = setTimeout(() => {
      this.close(new Error(`the server did not answer a ping within ${keepaliveTimeoutMs} ms`));
    }, keepaliveTimeoutMs);
    this.#timer.unref();
    this.#session.ping((error) => {
      if (error || this.#state === "dead") return;
      this.received();
      this.#keepAlive();
    });
  }
}

function socketTo({ host, ip, port }: Target, secureContext: tls.SecureContext | undefined): net.Socket {
  if (!secureContext) return net.connect({ host: ip, port, noDelay: true });
  // The certificate must be for the name in the address, not for what it resolved to. SNI does not allow IP addresses.
  const name = net.isIP(host) ? {} : { servername: host };
  const socket = tls.connect({ host: ip, port, secureContext, ALPNProtocols: ["h2"], ...name });
  return socket.setNoDelay(true);
}
