/** The services of localdial, called over the Connect protocol from the page's own origin. */

import { type Client, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { Administration } from "#gen/localdial/v1/administration_pb";
import { CallRouting } from "#gen/localdial/v1/call_routing_pb";
import { Directory } from "#gen/localdial/v1/directory_pb";
import { NumberInventory } from "#gen/localdial/v1/number_inventory_pb";

export interface Api {
  readonly administration: Client<typeof Administration>;
  readonly callRouting: Client<typeof CallRouting>;
  readonly directory: Client<typeof Directory>;
  readonly numbers: Client<typeof NumberInventory>;
}

/** A purchase waits for the carrier; everything else is done in far less. */
const TIMEOUT_MS = 30_000;

/** Returns the services, called with this API key. `""`: without a credential. */
export function connect(key: string): Api {
  const authorize: Interceptor = (next) => (request) => {
    if (key) request.header.set("authorization", `Bearer ${key}`);
    return next(request);
  };
  return servicesOver(
    createConnectTransport({
      baseUrl: window.location.origin,
      interceptors: [authorize],
      // Long lists are read faster than as JSON.
      useBinaryFormat: true,
      defaultTimeoutMs: TIMEOUT_MS,
    }),
  );
}

export function servicesOver(transport: Transport): Api {
  return {
    administration: createClient(Administration, transport),
    callRouting: createClient(CallRouting, transport),
    directory: createClient(Directory, transport),
    numbers: createClient(NumberInventory, transport),
  };
}
