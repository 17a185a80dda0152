/** Addresses of servers. */

import { isIP, isIPv4 } from "node:net";

/** An address to connect to. A host name may resolve to several servers. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Parses `host:port`, `[IPv6]:port` or `dns:///host:port`. Throws a TypeError for anything else. */
export function parseAddress(text: string): Address {
  const match = /^(?:dns:\/{3})?(?:\[([^\]]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? "";
  const port = Number(match?.[3]);
  const wellFormed = match?.[1] === undefined || isIP(host) === 6;
  if (!match || !wellFormed || port < 1 || port > 65_535) {
    throw new TypeError(
      `${JSON.stringify(text)} is not an address: use host:port, such as 127.0.0.1:50051 or [::1]:50051`,
    );
  }
  return { host, port };
}

/** Returns whether the address is on this machine, so that nothing sent to it crosses a network. */
export function isLoopback({ host }: Address): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}
