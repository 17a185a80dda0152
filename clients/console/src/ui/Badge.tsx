import type { ReactNode } from "react";
import styles from "./Badge.module.css";

export type BadgeKind = "good" | "warning" | "bad" | "info" | "quiet";

/** A word about the state of something. The color only repeats what the word says. */
export function Badge({ kind, children }: { kind: BadgeKind; children: ReactNode }) {
  return <span className={`${styles.badge} ${styles[kind]}`}>{children}</span>;
}
