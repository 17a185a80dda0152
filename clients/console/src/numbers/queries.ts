/** What the numbers page loads. */

import { type QueryClient, useQuery } from "@tanstack/react-query";
import type { LocalPresenceNumber } from "#gen/localdial/v1/number_pb";
import type { Api } from "../api/client";
import { allPages } from "../api/pages";
import { useSession } from "../session/session";
import { useOrganizationId } from "../shell/organization";

/** The days that are counted, today included. */
export const USAGE_DAYS = 7;

/** How long the carrier's stock is taken to be as it was, in milliseconds. */
const STOCK_MS = 60_000;

/** As many numbers as one search may find. */
export const STOCK_LIMIT = 100;

const numbersKey = (organizationId: string) => ["organization", organizationId, "numbers"] as const;

/** Loads all numbers of the organization. */
export function useNumbers() {
  const { api } = useSession();
  const organizationId = useOrganizationId();
  return useQuery({
    queryKey: numbersKey(organizationId),
    queryFn: () =>
      allPages(
        (page) => api.numbers.listNumbers({ organizationId, ...page }),
        (page) => page.numbers,
      ),
  });
}

/** Has the numbers of an organization loaded again. */
export function refreshNumbers(queries: QueryClient, organizationId: string): void {
  void queries.invalidateQueries({ queryKey: numbersKey(organizationId) });
}

/** Puts a changed number in the place of what was loaded of it. */
export function putNumber(queries: QueryClient, number: LocalPresenceNumber): void {
  queries.setQueryData<LocalPresenceNumber[]>(numbersKey(number.organizationId), (numbers) =>
    numbers?.map((each) => (each.phoneNumber === number.phoneNumber ? number : each)),
  );
}

/** Loads how the numbers were used in the last days, where days begin in the user's time zone. */
export function useUsage() {
  const { api } = useSession();
  const organizationId = useOrganizationId();
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return useQuery({
    queryKey: ["organization", organizationId, "usage", timeZone],
    queryFn: () => api.numbers.getUsage({ organizationId, days: USAGE_DAYS, timeZone }),
  });
}

/** Returns the query for what the carrier has for sale in an area code. */
export function stockQuery(api: Api, organizationId: string, areaCode: string) {
  return {
    queryKey: ["organization", organizationId, "stock", areaCode],
    queryFn: () => api.numbers.searchAvailableNumbers({ organizationId, areaCode, limit: STOCK_LIMIT }),
    staleTime: STOCK_MS,
    refetchInterval: false,
    refetchOnWindowFocus: false,
  } as const;
}
