import { type InputHTMLAttributes, type ReactNode, useId } from "react";
import styles from "./Field.module.css";

interface Props extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  /** What is wrong with the value. */
  error?: string | undefined;
  hint?: ReactNode;
}

/** A text field with its name, and what is wrong with its value. */
export function Field({ label, error, hint, ...input }: Props) {
  const note = useId();
  return (
    <div className={styles.field}>
      <label>
        {label}
        <input
          autoComplete="off"
          spellCheck={false}
          {...input}
          aria-invalid={error !== undefined}
          aria-describedby={error === undefined && hint === undefined ? undefined : note}
        />
      </label>
      <div id={note}>
        {error === undefined ? (
          hint !== undefined && <p className={styles.hint}>{hint}</p>
        ) : (
          <p className={styles.error}>{error}</p>
        )}
      </div>
    </div>
  );
}
