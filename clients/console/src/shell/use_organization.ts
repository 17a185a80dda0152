import { useQuery } from "@tanstack/react-query";
import { useSession } from "../session/session";

/** Loads an organization. */
export function useOrganization(organizationId: string) {
  const { api } = useSession();
  return useQuery({
    queryKey: ["organization", organizationId],
    queryFn: async () => (await api.directory.getOrganization({ organizationId })).organization,
  });
}
