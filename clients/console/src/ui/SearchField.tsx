import { useRef } from "react";
import { texts } from "../texts";
import styles from "./SearchField.module.css";
import { useSlashKey } from "./slash_key";
import { useUrlState } from "./url_state";

/** The search of a view: the parameter `search` of the URL. The key `/` focuses it, and Esc clears it. */
export function SearchField({ label }: { label: string }) {
  const [value, setValue] = useUrlState("search");
  const field = useRef<HTMLInputElement>(null);
  useSlashKey(() => field.current?.focus());
  return (
    <input
      ref={field}
      type="search"
      className={styles.search}
      aria-label={label}
      aria-keyshortcuts="/"
      placeholder={texts.table.searchHint(label)}
      autoComplete="off"
      spellCheck={false}
      value={value}
      onChange={(event) => setValue(event.target.value)}
      onKeyDown={(event) => event.key === "Escape" && setValue("")}
    />
  );
}
