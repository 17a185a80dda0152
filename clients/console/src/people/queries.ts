import { useQuery } from "@tanstack/react-query";
import { allPages } from "../api/pages";
import { useSession } from "../session/session";
import { useOrganizationId } from "../shell/organization";

/** The key of an organization's users in the cache. */
export const usersKey = (organizationId: string) => ["organization", organizationId, "users"] as const;

/** Loads all users of the organization. */
export function useUsers() {
  const { api } = useSession();
  const organizationId = useOrganizationId();
  return useQuery({
    queryKey: usersKey(organizationId),
    queryFn: () =>
      allPages(
        (page) => api.directory.listUsers({ organizationId, ...page }),
        (page) => page.users,
      ),
  });
}
