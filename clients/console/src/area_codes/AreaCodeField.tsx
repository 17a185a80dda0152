import { useCombobox } from "downshift";
import { type ReactNode, useId } from "react";
import { texts } from "../texts";
import { count } from "../ui/format";
import styles from "./AreaCodeField.module.css";
import { findAreaCodes } from "./search";

interface Props {
  label: string;
  /** What is typed. It is an area code if the user is done. */
  value: string;
  onChange: (value: string) => void;
  /** A choice from the list. Without it, a choice is like typing. */
  onChoose?: (code: string) => void;
  /** How many calls went to each area code without a local number. */
  called: ReadonlyMap<string, number>;
  /** What else there is to say of an area code of the list. `isHighlighted`: the user is at it. */
  note?: (code: string, isHighlighted: boolean) => ReactNode;
  /** What is wrong with the value. */
  error?: string | undefined;
  hint?: ReactNode;
}

/** A field for an area code, with a list to choose from. */
export function AreaCodeField({ label, value, onChange, onChoose = onChange, called, note, error, hint }: Props) {
  const items = findAreaCodes(value, called);
  const hintId = useId();
  const { isOpen, highlightedIndex, getLabelProps, getInputProps, getToggleButtonProps, getMenuProps, getItemProps } =
    useCombobox({
      items,
      inputValue: value,
      selectedItem: null,
      itemToString: (item) => item?.code ?? "",
      onSelectedItemChange: ({ selectedItem }) => {
        if (selectedItem !== null) onChoose(selectedItem.code);
      },
    });
  return (
    <div className={styles.field}>
      {/* biome-ignore lint/a11y/noLabelWithoutControl: getLabelProps names the input */}
      <label {...getLabelProps()}>{label}</label>
      <div className={styles.input}>
        <input
          {...getInputProps({
            "aria-invalid": error !== undefined,
            "aria-describedby": hintId,
            autoComplete: "off",
            spellCheck: false,
            // Downshift tells of typing after the next rendering, which would lose letters of a value that is ours.
            onChange: (event) => onChange(event.currentTarget.value),
            // Esc closes the list first, and the dialog around it next.
            onKeyDown: (event) => {
              if (event.key !== "Escape") return;
              if (isOpen) event.preventDefault();
              else Object.assign(event.nativeEvent, { preventDownshiftDefault: true });
            },
          })}
        />
        <button type="button" {...getToggleButtonProps({ "aria-label": texts.areaCodes.list })}>
          <span aria-hidden="true">▾</span>
        </button>
      </div>
      <ul
        className={styles.menu}
        hidden={!isOpen || items.length === 0}
        {...getMenuProps({ "aria-label": texts.areaCodes.list })}
      >
        {isOpen &&
          items.map((item, index) => (
            <li
              key={item.code}
              className={styles.item}
              {...getItemProps({ item, index })}
              data-highlighted={index === highlightedIndex || undefined}
            >
              <strong>{item.code}</strong>
              <span>{item.place}</span>
              <span className={styles.calls}>
                {called.has(item.code) && texts.areaCodes.calledWithout(count(called.get(item.code) ?? 0))}
              </span>
              <span className={styles.note}>{note?.(item.code, index === highlightedIndex)}</span>
            </li>
          ))}
      </ul>
      {isOpen && items.length === 0 && <p role="status">{texts.areaCodes.noMatch}</p>}
      <div id={hintId}>{error === undefined ? hint : <p className={styles.error}>{error}</p>}</div>
    </div>
  );
}
