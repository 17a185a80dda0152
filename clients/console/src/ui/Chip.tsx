import type { ReactNode } from "react";
import styles from "./Chip.module.css";

interface Props {
  children: ReactNode;
  /** Removes it. Without it, the chip only shows something. */
  onRemove?: (() => void) | undefined;
  /** The name of its button. */
  removeLabel?: string;
  disabled?: boolean;
}

/** A short value in a row of others, which may be removed. */
export function Chip({ children, onRemove, removeLabel, disabled = false }: Props) {
  return (
    <span className={styles.chip}>
      {children}
      {onRemove !== undefined && (
        <button type="button" className={styles.remove} aria-label={removeLabel} disabled={disabled} onClick={onRemove}>
          ×
        </button>
      )}
    </span>
  );
}
