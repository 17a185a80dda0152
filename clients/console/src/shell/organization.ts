/** The organization that the views show. It is part of the URL. */

import { createContext, useContext } from "react";

export const OrganizationId = createContext("");

/** Returns the identifier of the organization that the views show. */
export function useOrganizationId(): string {
  return useContext(OrganizationId);
}

/** Returns the path of an organization's views. */
export function pathOf(organizationId: string): string {
  return `/organizations/${encodeURIComponent(organizationId)}`;
}

/** Returns the organization that a path is about, or nothing if it is about none. */
export function organizationIn(path: string): string | undefined {
  const [, organizationId] = /^\/organizations\/([^/]+)/.exec(path) ?? [];
  try {
    return organizationId && decodeURIComponent(organizationId);
  } catch {
    return organizationId;
  }
}
