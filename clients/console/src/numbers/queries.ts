import { useQuery } from "@tanstack/react-query";
import { allPages } from "../api/pages";
import { useSession } from "../session/session";
import { useOrganizationId } from "../shell/organization";

/** The key of an organization's numbers in the cache. */
export const numbersKey = (organizationId: string) => ["organization", organizationId, "numbers"] as const;

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
