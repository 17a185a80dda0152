import type { ReactNode } from "react";
import styles from "./Head.module.css";

/** The heading of a view, with what can be done in it. */
export function Head({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={styles.head}>
      <h1>{title}</h1>
      {children !== undefined && <div className={styles.actions}>{children}</div>}
    </div>
  );
}
