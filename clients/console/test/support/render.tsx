/** Shows a view over fake services. */

import { type ConnectRouter, createRouterTransport } from "@connectrpc/connect";
import { QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import type { ReactNode } from "react";
import { Role } from "#gen/localdial/v1/administration_pb";
import { servicesOver } from "../../src/api/client";
import { newQueryClient } from "../../src/api/query_client";
import { SessionContext } from "../../src/session/session";
import { OrganizationId } from "../../src/shell/organization";
import { ToastProvider } from "../../src/ui/Toasts";

interface Options {
  role?: Role;
  /** The URL's parameters, such as `?sort=areaCode`. */
  search?: string;
}

/**
 * Shows a view to a user of the organization `acme`, over the services that `routes` adds to a router, and returns the
 * user's hands. Messages are encoded and decoded as between a browser and a server.
 */
export function show(view: ReactNode, routes: (router: ConnectRouter) => void, options: Options = {}) {
  const { role = Role.MANAGER, search = "" } = options;
  window.history.replaceState(null, "", `/organizations/acme/numbers${search}`);
  const session = {
    api: servicesOver(createRouterTransport(routes)),
    role,
    organizationId: "acme",
    mayChange: role !== Role.VIEWER,
    signOut: undefined,
  };
  const queries = newQueryClient();
  queries.setDefaultOptions({ queries: { retry: false } });
  render(
    <QueryClientProvider client={queries}>
      <ToastProvider>
        <SessionContext value={session}>
          <OrganizationId value="acme">{view}</OrganizationId>
        </SessionContext>
      </ToastProvider>
    </QueryClientProvider>,
  );
  return userEvent.setup();
}
