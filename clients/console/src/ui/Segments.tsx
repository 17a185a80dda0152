import { useId } from "react";
import styles from "./Segments.module.css";

interface Props<T extends string> {
  label: string;
  value: T;
  /** The texts of the choices by their values. */
  choices: Readonly<Record<T, string>>;
  onChange: (value: T) => void;
}

/** A choice of which all values are in sight. */
export function Segments<T extends string>({ label, value, choices, onChange }: Props<T>) {
  const name = useId();
  return (
    <fieldset className={styles.group}>
      <legend>{label}</legend>
      <div className={styles.segments}>
        {Object.entries<string>(choices).map(([choice, text]) => (
          <label key={choice}>
            <input
              type="radio"
              name={name}
              className="visually-hidden"
              checked={choice === value}
              onChange={() => onChange(choice as T)}
            />
            <span>{text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
