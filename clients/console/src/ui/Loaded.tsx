import type { ReactNode } from "react";
import { failureOf } from "../api/failure";
import styles from "./Loaded.module.css";
import { Failed, Loading, Stale } from "./States";

interface Props<T> {
  /** A query of TanStack Query: of one answer, or of several pages. */
  query: {
    readonly data: T | undefined;
    readonly error: Error | null;
    readonly dataUpdatedAt: number;
    readonly refetch: () => unknown;
  };
  children: (data: T) => ReactNode;
}

/**
 * Shows what was loaded, or why it was not. If it cannot be loaded again, it stays, greyed, with the time at which it
 * was true.
 */
export function Loaded<T>({ query, children }: Props<T>) {
  const { data, error, dataUpdatedAt, refetch } = query;
  const retry = () => void refetch();
  if (data === undefined) return error === null ? <Loading /> : <Failed failure={failureOf(error)} retry={retry} />;
  if (error === null) return children(data);
  return (
    <>
      <Stale since={dataUpdatedAt} failure={failureOf(error)} retry={retry} />
      <div className={styles.old}>{children(data)}</div>
    </>
  );
}
