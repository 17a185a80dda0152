import { createContext, useContext } from "react";

export const OrganizationId = createContext("");

/** Returns the identifier of the organization that the views show. */
export function useOrganizationId(): string {
  return useContext(OrganizationId);
}
