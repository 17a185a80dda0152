import { type UseComboboxProps, useCombobox } from "downshift";
import { type InputHTMLAttributes, type ReactNode, useId } from "react";
import styles from "./Combobox.module.css";

interface Props<Item> extends UseComboboxProps<Item> {
  label: string;
  /** The name of the list. */
  listLabel: string;
  /** What is said if the list is empty. */
  noMatch: string;
  keyOf: (item: Item) => string;
  /** The content of a row of the list. `isHighlighted`: the user is at it. */
  children: (item: Item, isHighlighted: boolean) => ReactNode;
  /** How a row arranges its content. */
  itemClass?: string | undefined;
  /** Whether the list covers what is below, and does not push it down. */
  floats?: boolean;
  input?: InputHTMLAttributes<HTMLInputElement>;
  /** What is wrong with the value. */
  error?: string | undefined;
  hint?: ReactNode;
}

/** A text field with a list to choose from. */
export function Combobox<Item>(props: Props<Item>) {
  const { label, listLabel, noMatch, keyOf, children, itemClass, floats, input, error, hint, ...options } = props;
  const { isOpen, highlightedIndex, getLabelProps, getInputProps, getToggleButtonProps, getMenuProps, getItemProps } =
    useCombobox(options);
  const note = useId();
  const hasItems = options.items.length > 0;
  const list = [styles.list, floats && styles.floating].filter(Boolean).join(" ");
  return (
    <div className={styles.field}>
      {/* biome-ignore lint/a11y/noLabelWithoutControl: getLabelProps names the input */}
      <label {...getLabelProps()}>{label}</label>
      <div className={styles.input}>
        <input
          {...getInputProps({
            "aria-invalid": error !== undefined,
            "aria-describedby": error === undefined && hint === undefined ? undefined : note,
            autoComplete: "off",
            spellCheck: false,
            ...input,
            // Esc closes the list first, and the dialog around it next. It never clears the field.
            onKeyDown: (event) => {
              if (event.key !== "Escape") return;
              if (isOpen) event.preventDefault();
              else Object.assign(event.nativeEvent, { preventDownshiftDefault: true });
            },
          })}
        />
        <button type="button" {...getToggleButtonProps({ "aria-label": listLabel })}>
          <span aria-hidden="true">▾</span>
        </button>
      </div>
      <ul className={list} hidden={!isOpen || !hasItems} {...getMenuProps({ "aria-label": listLabel })}>
        {isOpen &&
          options.items.map((item, index) => (
            <li
              key={keyOf(item)}
              className={[styles.item, itemClass].filter(Boolean).join(" ")}
              {...getItemProps({ item, index })}
              data-highlighted={index === highlightedIndex || undefined}
            >
              {children(item, index === highlightedIndex)}
            </li>
          ))}
      </ul>
      {isOpen && !hasItems && (
        <p role="status" className={floats ? `${list} ${styles.none}` : undefined}>
          {noMatch}
        </p>
      )}
      <div id={note}>{error === undefined ? hint : <p className={styles.error}>{error}</p>}</div>
    </div>
  );
}
