import type { ReactNode } from "react";
import styles from "./Notice.module.css";

interface Props {
  kind: "info" | "success" | "warning" | "error";
  children: ReactNode;
}

/** A message that stays where it is about. Errors are read aloud at once, others when there is time. */
export function Notice({ kind, children }: Props) {
  return (
    <div className={`${styles.notice} ${styles[kind]}`} role={kind === "error" ? "alert" : "status"}>
      {children}
    </div>
  );
}
