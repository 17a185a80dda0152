import { Redirect, Route, Router, Switch, useLocation } from "wouter";
import { useSession } from "../session/session";
import { Layout } from "./Layout";
import { OrganizationChoice } from "./OrganizationChoice";
import { organizationIn, pathOf } from "./organization";
import { VIEWS } from "./views";

/** The views by their paths: `/organizations/ORGANIZATION/VIEW`. */
export function App() {
  const { organizationId: own } = useSession();
  useLocation();
  // The router decodes paths, after which some identifiers cannot be told apart.
  const organizationId = organizationIn(window.location.pathname);
  if (organizationId === undefined) return own ? <Redirect to={pathOf(own)} replace /> : <OrganizationChoice />;
  return (
    <Router base={pathOf(organizationId)}>
      <Layout organizationId={organizationId}>
        <Switch>
          {VIEWS.map(({ path, component }) => (
            <Route key={path} path={`/${path}`} component={component} />
          ))}
          <Route>
            <Redirect to={`/${VIEWS[0].path}`} replace />
          </Route>
        </Switch>
      </Layout>
    </Router>
  );
}
