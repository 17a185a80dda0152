/** One HTTP/2 connection to one server: set up once, kept alive, and never set up again. */

import * as http2 from "node:http2";
import * as net from "node:net";
import * as tls from "node:tls";

/** One server of an address. */
export interface Target {
  /** Such as `https://dial.example:50051`; its host is what a certificate must be for. */
  readonly authority: string;
  /** The name or IP address of the authority. */
  readonly host: string;
  /** The IP address that is connected to, one of those of the name. */
  readonly ip: string;
  readonly port: number;
  /** For people. */
  readonly text: string;
}

/** How connections are made. */
export interface ConnectionSettings {
  readonly secureContext: tls.SecureContext | undefined;
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
}

const mebibyte = 1024 * 1024;
// What may come as metadata: an error names every bad field at once there.
const maxHeaderListSize = mebibyte;
// But one header past 64 KiB, as it travels, is the end of a connection for Node.js, which says so to nobody: neither
// the session nor its streams hear of it, and every call hangs. An error with more than some 300 violations is that
// large. So it is watched for.
const oversizedBytes = 60_000;
const watchEveryMs = 100;
// gRPC's own. A call that waits for a connection ends by its deadline, which is sooner.
const connectTimeoutMs = 20_000;
// For what is sent at the end of a connection.
const lastWordsMs = 100;

/**
 * - connecting: not yet known whether there is a gRPC server
 * - ready: calls can be made
 * - draining: the calls that are open go on, and no further ones can be made
 * - dead: closed, and all its calls with it
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
  /** Set when the server has sent more metadata than can be read: how many calls were open. */
  oversizedFor: number | undefined;
  /** True when the server has closed it because of too many pings. */
  tooManyPings = false;

  constructor(target: Target, settings: ConnectionSettings, onChange: () => void) {
    this.#settings = settings;
    this.#onChange = onChange;
    this.#socket = socketTo(target, settings.secureContext);
    this.#session = http2.connect(target.authority, {
      createConnection: () => this.#socket,
      settings: { maxHeaderListSize, enablePush: false, initialWindowSize: 4 * mebibyte },
      // In megabytes: a large answer and its parsed headers.
      maxSessionMemory: 64,
    });
    this.#session.once("connect", () => {
      // It is told a moment after it happened, and may be closed by then.
      if (!this.#session.destroyed) this.#session.setLocalWindowSize(8 * mebibyte);
    });
    // Not at "connect": anything that listens on a port gets that far. A gRPC server sends its settings first.
    this.#session.once("remoteSettings", () => this.#becomeReady());
    this.#session.once("goaway", (code, _, data) => this.#onGoaway(code, data));
    this.#session.on("error", (error) => this.close(error));
    this.#session.once("close", () => this.close(new Error("the connection was closed")));
    // A session does not always say that its socket is gone, as when a TLS server turns the client away late.
    this.#socket.on("error", (error) => this.close(error));
    this.closed = new Promise((resolve) => {
      this.#socket.once("close", () => {
        this.close(new Error("the connection was closed"));
        resolve();
      });
    });
    this.#timer = setTimeout(() => this.close(new Error("no answer to the attempt to connect")), connectTimeoutMs);
    this.#timer.unref();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** What ended it. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Opens a stream. Throws where that is not possible any more; then nothing was sent. */
  request(headers: http2.OutgoingHttpHeaders, options: http2.ClientSessionRequestOptions): http2.ClientHttp2Stream {
    const stream = this.#session.request(headers, options);
    this.#streams += 1;
    // An open call keeps the process running, an open connection alone does not.
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

  /** Takes note that something was received: the server is there. */
  received(): void {
    this.#receivedAt = performance.now();
    this.#receivedBytes = this.#socket.bytesRead;
  }

  /** Whether nothing was received since then, a time of `performance.now()`. */
  silentSince(time: number): boolean {
    return this.#receivedAt < time;
  }

  /** Lets the open calls end, and takes no further ones. */
  drain(): void {
    if (this.#state !== "ready") return;
    this.#change("draining");
    if (this.#streams === 0) this.close();
  }

  /** Closes it at once, with all its calls. The first reason counts. */
  close(reason?: Error): void {
    if (this.#state === "dead") return;
    this.#error = reason;
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    if (!this.#session.destroyed) this.#session.destroy(undefined, http2.constants.NGHTTP2_CANCEL);
    // The session closes the socket when its last words are sent; not at all where they cannot be.
    const force = setTimeout(() => this.#socket.destroy(), lastWordsMs);
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

  /** Looks, while calls are open, for bytes that have arrived and of which nothing has come. */
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

  /** Pings when it was quiet for long, so that a dead peer is noticed and no NAT forgets the connection. */
  #keepAlive(): void {
    clearTimeout(this.#timer);
    const quietMs = performance.now() - this.#receivedAt;
    this.#timer = setTimeout(() => {
      if (performance.now() - this.#receivedAt < this.#settings.keepaliveMs) this.#keepAlive();
      else this.#ping();
    }, this.#settings.keepaliveMs - quietMs);
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
  // The name that was asked for is the one to prove, whatever it was resolved to; an IP address proves itself.
  const name = net.isIP(host) ? {} : { servername: host };
  const socket = tls.connect({ host: ip, port, secureContext, ALPNProtocols: ["h2"], ...name });
  return socket.setNoDelay(true);
}
