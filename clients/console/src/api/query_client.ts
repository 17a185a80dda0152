/** What the page has loaded, and when it loads again. */

import { QueryClient } from "@tanstack/react-query";
import { failureOf } from "./failure";

/** Failures that another attempt may mend. */
const TRANSIENT = new Set(["OFFLINE", "STORAGE_UNAVAILABLE", "SHUTTING_DOWN", "OVERLOADED", "CARRIER_UNAVAILABLE"]);

export function newQueryClient(): QueryClient {
  return new QueryClient({
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
}
