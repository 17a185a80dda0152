/** What the page has loaded, and when it loads again. */

import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { failureOf } from "./failure";

/** The key, in the cache, of who uses the page. */
export const CALLER = "caller";

/** Failures that another attempt may mend. */
const TRANSIENT = new Set(["OFFLINE", "STORAGE_UNAVAILABLE", "SHUTTING_DOWN", "OVERLOADED", "CARRIER_UNAVAILABLE"]);

export function newQueryClient(): QueryClient {
  /** A key that was revoked or has expired brings the sign-in form back. */
  function askForKey(error: Error, isCaller: boolean) {
    if (!isCaller && failureOf(error).reason === "UNAUTHENTICATED") {
      void client.invalidateQueries({ queryKey: [CALLER] });
    }
  }
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError: (error, query) => askForKey(error, query.queryKey[0] === CALLER) }),
    mutationCache: new MutationCache({ onError: (error) => askForKey(error, false) }),
    defaultOptions: {
      queries: {
        // Another manager's change shows within this time, or when the window is looked at again.
        refetchInterval: 30_000,
        staleTime: 5_000,
        // Keep what was loaded while the server is away.
        gcTime: Number.POSITIVE_INFINITY,
        networkMode: "always",
        retry: (attempts, error) => attempts < 2 && TRANSIENT.has(failureOf(error).reason),
      },
      // A change is repeated only by the person who made it, with the same request_id.
      mutations: { retry: false, networkMode: "always" },
    },
  });
  return client;
}
