import { useQuery } from "@tanstack/react-query";
import { useSession } from "../session/session";
import { useOrganizationId } from "../shell/organization";

/** What is asked: about a call that could be made, or about a recorded one. */
export type Question = { readonly userId: string; readonly calleeNumber: string } | { readonly callId: string };

/** The key of an organization's explanations in the cache. */
export const explanationsKey = (organizationId: string) => ["organization", organizationId, "explanation"] as const;

/** Loads the explanation, if there is a question. */
export function useExplanation(question: Question | undefined) {
  const { api } = useSession();
  const organizationId = useOrganizationId();
  return useQuery({
    queryKey: [...explanationsKey(organizationId), question],
    queryFn: () => api.callRouting.explainOutboundCallerId({ organizationId, ...question }),
    enabled: question !== undefined,
  });
}
