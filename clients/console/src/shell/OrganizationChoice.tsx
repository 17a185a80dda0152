import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { allPages } from "../api/pages";
import { useSession } from "../session/session";
import { texts } from "../texts";
import { Loaded } from "../ui/Loaded";
import { Empty } from "../ui/States";
import styles from "./OrganizationChoice.module.css";
import { pathOf } from "./organization";

/** Lets a user of all organizations choose one. */
export function OrganizationChoice() {
  const { api } = useSession();
  const organizations = useQuery({
    queryKey: ["organizations"],
    queryFn: () =>
      allPages(
        (page) => api.directory.listOrganizations(page),
        (page) => page.organizations,
      ),
  });
  return (
    <main className={styles.page}>
      <h1>{texts.organizations.title}</h1>
      <Loaded query={organizations}>
        {(found) =>
          found.length === 0 ? (
            <Empty title={texts.organizations.none}>
              <p>{texts.organizations.howToAdd}</p>
              <code>localdial orgs set acme --name &quot;Acme Lending&quot;</code>
            </Empty>
          ) : (
            <ul className={styles.list}>
              {found.map(({ organizationId, displayName }) => (
                <li key={organizationId}>
                  <Link href={pathOf(organizationId)}>
                    <strong>{displayName || organizationId}</strong>
                    <span>{organizationId}</span>
                  </Link>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </main>
  );
}
