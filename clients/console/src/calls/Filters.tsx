import { type ReactNode, useRef } from "react";
import { texts } from "../texts";
import { Button } from "../ui/Button";
import { useFragment } from "../ui/fragment_state";
import { useSlashKey } from "../ui/slash_key";
import styles from "./Filters.module.css";

/** The filters of a list of calls. The key `/` focuses the first field. */
export function Filters({ children }: { children: ReactNode }) {
  const [params, set] = useFragment();
  const filters = useRef<HTMLElement>(null);
  useSlashKey(() => filters.current?.querySelector<HTMLElement>("input:not([type=radio])")?.focus());
  const names = [...params.keys()];
  return (
    <search ref={filters} className={styles.filters} aria-label={texts.filter.label}>
      {children}
      {names.length > 0 && (
        <Button kind="quiet" onClick={() => set(Object.fromEntries(names.map((name) => [name, ""])))}>
          {texts.filter.clear}
        </Button>
      )}
    </search>
  );
}
