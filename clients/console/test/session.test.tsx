import { Code, createRouterTransport } from "@connectrpc/connect";
import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { Administration, Role } from "#gen/localdial/v1/administration_pb";
import * as client from "../src/api/client";
import { newQueryClient } from "../src/api/query_client";
import { SessionProvider, useSession } from "../src/session/session";
import { failure } from "./support/numbers";

/** The keys that the server accepts, each with its role. Without any, it asks for none. */
function serve(keys: Record<string, Role>) {
  vi.spyOn(client, "connect").mockImplementation((key) =>
    client.servicesOver(
      createRouterTransport((router) =>
        router.service(Administration, {
          getCaller: () => {
            const role = keys[key];
            if (role === undefined) throw failure("UNAUTHENTICATED", "no", Code.Unauthenticated);
            return { role, organizationId: role === Role.ADMIN ? "" : "acme" };
          },
        }),
      ),
    ),
  );
  const queries = newQueryClient();
  queries.setDefaultOptions({ queries: { retry: false } });
  render(
    <QueryClientProvider client={queries}>
      <SessionProvider>
        <Inside />
      </SessionProvider>
    </QueryClientProvider>,
  );
  return queries;
}

function Inside() {
  const { mayChange, organizationId, signOut } = useSession();
  return (
    <button type="button" onClick={signOut}>
      {`${organizationId || "any"} ${mayChange ? "changes" : "looks"}`}
    </button>
  );
}

async function signIn(key: string) {
  await userEvent.type(await screen.findByLabelText("API key"), key);
  await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
}

test("a server that asks for no key shows the page at once", async () => {
  serve({ "": Role.ADMIN });
  await screen.findByText("any changes");
  expect(sessionStorage.length).toBe(0);
});

test.each([
  ["viewer", Role.VIEWER, "acme looks"],
  ["manager", Role.MANAGER, "acme changes"],
  ["admin", Role.ADMIN, "any changes"],
])("the key of a %s is kept for the tab until the user signs out", async (_name, role, shown) => {
  serve({ ldk_1: role });
  await signIn(" ldk_1 ");
  await userEvent.click(await screen.findByText(shown, { selector: "button" }));
  await screen.findByLabelText("API key");
  expect(sessionStorage.length).toBe(0);
});

test("a key that the server does not accept is refused with a reason", async () => {
  serve({ ldk_1: Role.ADMIN });
  await signIn("ldk_2");
  expect((await screen.findByRole("alert")).textContent).toContain("does not accept this key");
});

test.each([Role.DIALER, Role.GATEWAY])("the key of a program (%s) shows no page", async (role) => {
  serve({ ldk_1: role });
  await signIn("ldk_1");
  await screen.findByText("This key is for programs");
  expect(screen.queryByText(/acme/)).toBeNull();
});

test("a key that is revoked meanwhile brings the form back", async () => {
  const keys: Record<string, Role> = { ldk_1: Role.MANAGER };
  const queries = serve(keys);
  await signIn("ldk_1");
  await screen.findByText("acme changes");
  delete keys.ldk_1;
  await queries
    .fetchQuery({
      queryKey: ["a view"],
      queryFn: () => Promise.reject(failure("UNAUTHENTICATED", "no", Code.Unauthenticated)),
    })
    .catch(() => {});
  await waitFor(() => expect(screen.getByLabelText("API key")).toBeTruthy());
});
