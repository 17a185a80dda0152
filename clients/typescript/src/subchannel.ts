/** A server that is connected to, again and again where need be, with pauses between failures. */

import { Connection, type ConnectionSettings, type Target } from "./connection.js";
import { Backoff } from "./retry.js";

// While a server is away a call fails without an attempt to connect, which gRPC makes every 2 minutes in the end.
// Phone calls need the service as soon as it is back: within the repeats of a call.
const reconnect = { initialBackoffMs: 100, maxBackoffMs: 1000, multiplier: 1.6 };

export class Subchannel {
  readonly target: Target;
  #settings: ConnectionSettings;
  readonly #onChange: () => void;
  readonly #backoff = new Backoff(reconnect);
  // All that are open: that for further calls, and those that drain.
  readonly #connections = new Set<Connection>();
  #current: Connection | undefined;
  #notBefore = 0;
  #error: Error | undefined;

  /** `onChange` is told whenever calls may find it in another state. */
  constructor(target: Target, settings: ConnectionSettings, onChange: () => void) {
    this.target = target;
    this.#settings = settings;
    this.#onChange = onChange;
  }

  /** The connection for further calls, if there is one now. */
  get ready(): Connection | undefined {
    return this.#current?.state === "ready" ? this.#current : undefined;
  }

  get connecting(): boolean {
    return this.#current?.state === "connecting";
  }

  /** Whether it has connections, if only such as drain. */
  get open(): boolean {
    return this.#connections.size > 0;
  }

  /** Why it cannot be connected to, where that was tried. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Connects, where it is not connected and did not fail to a moment ago. */
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

  /** Lets the open calls end; it is not to be used any more. */
  retire(): void {
    for (const connection of this.#connections) {
      if (connection.state === "connecting") connection.close();
      else connection.drain();
    }
  }

  /** Closes all connections at once, with their calls; resolves when their sockets are closed. */
  async close(): Promise<void> {
    const all = [...this.#connections];
    for (const connection of all) connection.close();
    await Promise.all(all.map((connection) => connection.closed));
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection);
    if (connection.tooManyPings) {
      // What the server thinks of it is known now (gRPC proposal A8).
      this.#settings = { ...this.#settings, keepaliveMs: this.#settings.keepaliveMs * 2 };
    }
  }
}
