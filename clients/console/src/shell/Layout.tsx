import { type ReactNode, useEffect, useRef } from "react";
import { Link, useLocation } from "wouter";
import { ResumePurchases } from "../numbers/purchase/ResumePurchases";
import { useSession } from "../session/session";
import { texts } from "../texts";
import { Button } from "../ui/Button";
import styles from "./Layout.module.css";
import { OrganizationId } from "./organization";
import { useOrganization } from "./use_organization";
import { VIEWS } from "./views";

/** The frame around every view. */
export function Layout({ organizationId, children }: { organizationId: string; children: ReactNode }) {
  const { signOut, organizationId: own } = useSession();
  const [location] = useLocation();
  const name = useOrganization(organizationId).data?.displayName || organizationId;
  const shown = VIEWS.find(({ path }) => location === `/${path}`);
  const navigation = useRef<HTMLElement>(null);
  // In a narrow window the navigation scrolls, and the current view may be out of sight.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the current view is another when the location is
  useEffect(() => {
    const current = navigation.current?.querySelector("[aria-current]");
    current?.scrollIntoView?.({ block: "nearest", inline: "center" });
  }, [location]);
  return (
    <OrganizationId value={organizationId}>
      <ResumePurchases />
      <title>{`${shown ? `${texts.shell.view[shown.path]} · ` : ""}${name} · ${texts.shell.brand}`}</title>
      {/* biome-ignore lint/a11y/useValidAnchor: it is a jump within the page, but the fragment is the views' own */}
      <a
        className={styles.skip}
        href="#content"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("content")?.focus();
        }}
      >
        {texts.shell.skip}
      </a>
      <header className={styles.header}>
        <strong className={styles.brand}>{texts.shell.brand}</strong>
        <nav ref={navigation} className={styles.views} aria-label={texts.shell.views}>
          {VIEWS.map((view) => (
            <Link
              key={view.path}
              href={`/${view.path}`}
              className={styles.view}
              aria-current={view === shown ? "page" : undefined}
            >
              {texts.shell.view[view.path]}
            </Link>
          ))}
        </nav>
        <div className={styles.who}>
          {own ? (
            <span>{name}</span>
          ) : (
            <Link href="~/" aria-label={texts.shell.changeOrganization(name)}>
              {name}
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
