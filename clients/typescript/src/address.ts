/** Addresses of servers. */

import { isIP, isIPv4 } from "node:net";

/** Where servers listen. A name may stand for several. */
export interface Address {
  readonly host: string;
  readonly port: number;
  /** As it was given, for people. */
  readonly text: string;
}

/** Reads `host:port`, `[IPv6]:port` or `dns:///host:port`. Throws a TypeError. */
export function parseAddress(text: string): Address {
  const match = /^(?:dns:\/{3})?(?:\[([^\]]+)\]|([^:/[\]@\s]+)):([0-9]{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? "";
  const port = Number(match?.[3]);
  const wellFormed = match?.[1] === undefined || isIP(host) === 6;
  if (!match || !wellFormed || port > 65_535) {
    throw new TypeError(
      `${JSON.stringify(text)} is no address: write host:port, such as 127.0.0.1:50051 or [::1]:50051`,
    );
  }
  return { host, port, text };
}

/** Whether nobody outside this machine can read what is sent there. */
export function isLoopback({ host }: Address): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}
