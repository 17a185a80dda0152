import { type QueryClient, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
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

/** Returns what turns a user's identifier into the user's name. Deleted users have only their identifier. */
export function useUserNames(): (userId: string) => string {
  const { data } = useUsers();
  return useMemo(() => {
    const names = new Map(data?.map(({ userId, displayName }) => [userId, displayName]));
    return (userId: string) => names.get(userId) || userId;
  }, [data]);
}

/** Has the users of an organization loaded again. */
export function refreshUsers(queries: QueryClient, organizationId: string): Promise<void> {
  return queries.invalidateQueries({ queryKey: usersKey(organizationId) });
}
