import type { ReactNode } from "react";
import { texts } from "../texts";
import { Combobox } from "../ui/Combobox";
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
  return (
    <Combobox
      label={label}
      listLabel={texts.areaCodes.list}
      noMatch={texts.areaCodes.noMatch}
      keyOf={({ code }) => code}
      itemClass={styles.item}
      // Downshift tells of typing after the next rendering, which would lose letters of a value that is ours.
      input={{ onChange: (event) => onChange(event.currentTarget.value) }}
      error={error}
      hint={hint}
      items={findAreaCodes(value, called)}
      inputValue={value}
      selectedItem={null}
      itemToString={(item) => item?.code ?? ""}
      onSelectedItemChange={({ selectedItem }) => {
        if (selectedItem !== null) onChoose(selectedItem.code);
      }}
    >
      {({ code, place }, isHighlighted) => (
        <>
          <strong>{code}</strong>
          <span>{place}</span>
          <span className={styles.calls}>
            {called.has(code) && texts.areaCodes.calledWithout(count(called.get(code) ?? 0))}
          </span>
          <span className={styles.note}>{note?.(code, isHighlighted)}</span>
        </>
      )}
    </Combobox>
  );
}
