/** Who uses the page: the API key of this tab, and what it may do. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useMemo, useState } from "react";
import { Role } from "#gen/localdial/v1/administration_pb";
import { type Api, connect } from "../api/client";
import { failureOf } from "../api/failure";
import { CALLER } from "../api/query_client";
import { texts } from "../texts";
import { Button } from "../ui/Button";
import { Empty, Failed, Loading } from "../ui/States";
import { SignIn } from "./SignIn";

export interface Session {
  readonly api: Api;
  readonly role: Role;
  /** The only organization that the user may act for. `""`: any. */
  readonly organizationId: string;
  /** Whether the user may buy, map, import and delete, and change the directory. */
  readonly mayChange: boolean;
  /** Forgets the key. `undefined` on a server that asks for none. */
  readonly signOut: (() => void) | undefined;
}

/** The key is kept for the tab only: it ends with the tab, and no other site or tab can read it. */
const STORAGE_KEY = "localdial.key";

const RETRY_MS = 5_000;

export const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error("no SessionProvider");
  return session;
}

/** Shows `children` to a user whom the server accepts, and the sign-in form to others. */
export function SessionProvider({ children }: { children: ReactNode }) {
  const [key, setKey] = useState(() => sessionStorage.getItem(STORAGE_KEY) ?? "");
  const queries = useQueryClient();
  const api = useMemo(() => connect(key), [key]);
  const caller = useQuery({
    queryKey: [CALLER, key],
    queryFn: () => api.administration.getCaller({}),
    // A page that was loaded while the server was away goes on when it is back.
    refetchInterval: (query) => (query.state.status === "error" ? RETRY_MS : false),
  });

  function use(newKey: string) {
    if (newKey) sessionStorage.setItem(STORAGE_KEY, newKey);
    else sessionStorage.removeItem(STORAGE_KEY);
    queries.clear();
    setKey(newKey);
  }

  const failure = caller.error === null ? undefined : failureOf(caller.error);
  if (failure?.reason === "UNAUTHENTICATED") return <SignIn onKey={use} refused={key !== ""} />;
  if (caller.data === undefined) {
    return (
      <main>
        <Title />
        {failure === undefined ? <Loading /> : <Failed failure={failure} retry={() => caller.refetch()} />}
      </main>
    );
  }
  const { role, organizationId } = caller.data;
  const signOut = key ? () => use("") : undefined;
  if (role !== Role.VIEWER && role !== Role.MANAGER && role !== Role.ADMIN) {
    return (
      <main>
        <Title />
        <Empty title={texts.signIn.wrongRole}>
          <p>{texts.signIn.useAnother}</p>
          <Button onClick={signOut}>{texts.shell.signOut}</Button>
        </Empty>
      </main>
    );
  }
  const session = { api, role, organizationId, mayChange: role !== Role.VIEWER, signOut };
  return <SessionContext value={session}>{children}</SessionContext>;
}

/** The heading of a page that shows nothing but a state. */
function Title() {
  return <h1 className="visually-hidden">{texts.shell.brand}</h1>;
}
