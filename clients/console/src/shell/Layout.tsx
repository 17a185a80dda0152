import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { useSession } from "../session/session";
import { texts } from "../texts";
import { Button } from "../ui/Button";
import styles from "./Layout.module.css";
import { OrganizationId } from "./organization";

/** The views, in the order of the navigation. */
const VIEWS = ["numbers"] as const;

export type View = (typeof VIEWS)[number];

/** The frame around every view. */
export function Layout({ organizationId, children }: { organizationId: string; children: ReactNode }) {
  const { signOut, organizationId: own } = useSession();
  const [location] = useLocation();
  return (
    <OrganizationId value={organizationId}>
      <a className={styles.skip} href="#content">
        {texts.shell.skip}
      </a>
      <header className={styles.header}>
        <strong className={styles.brand}>{texts.shell.brand}</strong>
        <nav className={styles.views} aria-label={texts.shell.views}>
          {VIEWS.map((view) => (
            <Link
              key={view}
              href={`/${view}`}
              className={styles.view}
              aria-current={location === `/${view}` ? "page" : undefined}
            >
              {texts.shell.view[view]}
            </Link>
          ))}
        </nav>
        <div className={styles.who}>
          {own ? (
            <span>{organizationId}</span>
          ) : (
            <Link href="~/" aria-label={texts.shell.changeOrganization(organizationId)}>
              {organizationId}
            </Link>
          )}
          {signOut !== undefined && (
            <Button kind="quiet" onClick={signOut}>
              {texts.shell.signOut}
            </Button>
          )}
        </div>
      </header>
      <main id="content" className={styles.content} tabIndex={-1}>
        {children}
      </main>
    </OrganizationId>
  );
}
