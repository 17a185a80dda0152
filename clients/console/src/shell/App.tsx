import { Redirect, Route, Router, Switch } from "wouter";
import { NumbersView } from "../numbers/NumbersView";
import { useSession } from "../session/session";
import { Layout } from "./Layout";
import { OrganizationChoice } from "./OrganizationChoice";

/** The views by their paths: `/organizations/ORGANIZATION/VIEW`. */
export function App() {
  const { organizationId } = useSession();
  return (
    <Switch>
      <Route path="/organizations/:organization/*?">
        {({ organization }) => {
          const path = `/organizations/${organization}`;
          return (
            <Router base={path}>
              <Layout organizationId={decodeURIComponent(organization ?? "")}>
                <Switch>
                  <Route path="/numbers" component={NumbersView} />
                  <Route>
                    <Redirect to="/numbers" replace />
                  </Route>
                </Switch>
              </Layout>
            </Router>
          );
        }}
      </Route>
      <Route>
        {organizationId ? (
          <Redirect to={`/organizations/${encodeURIComponent(organizationId)}/numbers`} replace />
        ) : (
          <OrganizationChoice />
        )}
      </Route>
    </Switch>
  );
}
