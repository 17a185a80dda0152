/** A server and the connections to it. It reconnects when it is used, with pauses after failures. */

import { Connection, type ConnectionSettings, type Target } from "./connection.js";
import { Backoff } from "./retry.js";

// A call fails immediately while a server is in a pause. gRPC's pauses grow to two minutes. Phone calls need the
// service as soon as it is back, within the retries of one call.
const reconnect = { initialBackoffMs: 100, maxBackoffMs: 1000, multiplier: 1.6 };

export class Subchannel {
  readonly target: Target;
  #settings: ConnectionSettings;
  readonly #onChange: () => void;
  readonly #backoff = new Backoff(reconnect);
  // All open connections: the current one, and those that are draining.
  readonly #connections = new Set<Connection>();
  #current: Connection | undefined;
  #notBefore = 0;
  #error: Error | undefined;

  /** `onChange` is called after every change of a connection's state. */
  constructor(target: Target, settings: ConnectionSettings, onChange: () => void) {
    this.target = target;
    this.#settings = settings;
    this.#onChange = onChange;
  }

  /** The connection for new calls, or undefined if there is none yet. */
  get ready(): Connection | undefined {
    return this.#current?.state === "ready" ? this.#current : undefined;
  }

  get connecting(): boolean {
    return this.#current?.state === "connecting";
  }

  /** Whether there are open connections, including those that are draining. */
  get open(): boolean {
    return this.#connections.size > 0;
  }

  /** Why the last attempt to connect failed; undefined if it succeeded or there was none. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Connects, unless there is a connection or the pause after a failure is not over. */
  connect(): void {
    if (this.#current || performance.now() < this.#notBefore) return;
    let wasReady = false;
    const connection = new Connection(this.target, this.#settings, () => {
      if (connection.state === "ready") {
        wasReady = true;
        this.#error = undefined;
        this.#backoff.reset();
      } else if (this.#current === connection) {
        this.#current = undefined;
        if (connection.state === "dead" && !wasReady) {
          this.#error = connection.error;
          this.#notBefore = performance.now() + this.#backoff.next();
        }
      }
      if (connection.state === "dead") this.#forget(connection);
      this.#onChange();
    });
    this.#connections.add(connection);
    this.#current = connection;
  }

  /** Closes the connections when their open calls have ended. No new calls may be made. */
  retire(): void {
    for (const connection of this.#connections) {
      if (connection.state === "connecting") connection.close();
      else connection.drain();
    }
  }

  /** Closes all connections immediately, with their calls. Resolves when the sockets are closed. */
  async close(): Promise<void> {
    const all = [...this.#connections];
    for (const connection of all) connection.close();
    await Promise.all(all.map((connection) => connection.closed));
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection);
    if (connection.tooManyPings) {
      // gRPC proposal A8: ping half as often after a complaint.
      this.#settings = { ...this.#settings, keepaliveMs: this.#settings.keepaliveMs * 2 };
    }
  }
}
