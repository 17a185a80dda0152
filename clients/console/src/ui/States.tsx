/** What a view shows while it has nothing else to show. */

import type { ReactNode } from "react";
import type { Failure } from "../api/failure";
import { texts } from "../texts";
import { Button } from "./Button";
import styles from "./States.module.css";

export function Loading() {
  return (
    <div className={styles.state} role="status">
      <span className={styles.spinner} aria-hidden="true" />
      {texts.states.loading}
    </div>
  );
}

/** Nothing is there yet: `title` says what, and `children` what to do. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={styles.state}>
      <p className={styles.title}>{title}</p>
      {children}
    </div>
  );
}

/** A view could not be loaded. */
export function Failed({ failure, retry }: { failure: Failure; retry: () => void }) {
  return (
    <div className={styles.state} role="alert">
      <p className={styles.title}>{texts.failure.title(failure)}</p>
      <FailureText failure={failure} />
      <Button onClick={retry}>{texts.states.retry}</Button>
    </div>
  );
}

/** What went wrong, field by field if the server named fields. */
export function FailureText({ failure }: { failure: Failure }) {
  const { violations } = failure;
  if (violations.length === 0) return <p className={styles.failure}>{texts.failure.explain(failure)}</p>;
  return (
    <ul className={styles.failure}>
      {violations.map(({ field, description }) => (
        <li key={`${field}${description}`}>
          <strong>{texts.fields.nameOf(field)}</strong> {description}
        </li>
      ))}
    </ul>
  );
}

/** Above data that could not be loaded again: since when it is old. */
export function Stale({ since, failure, retry }: { since: number; failure: Failure; retry: () => void }) {
  return (
    <div className={styles.stale} role="status">
      {texts.states.stale(since, failure)}
      <Button kind="quiet" onClick={retry}>
        {texts.states.retry}
      </Button>
    </div>
  );
}
