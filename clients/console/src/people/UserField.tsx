import { useCombobox } from "downshift";
import { useState } from "react";
import { texts } from "../texts";
import { Combobox } from "../ui/Combobox";
import { containsWords } from "../ui/filters";
import { useUsers } from "./queries";
import styles from "./UserField.module.css";

interface Props {
  label: string;
  /** The chosen user's identifier. `""`: none. */
  value: string;
  onChange: (userId: string) => void;
  /** Whether a user who was deleted can be named by the identifier. */
  allowsDeleted?: boolean;
  placeholder?: string;
  error?: string | undefined;
}

interface Item {
  readonly userId: string;
  readonly displayName: string;
  readonly isDeleted?: boolean;
}

/** As many users as the list shows. */
const SHOWN = 50;

/** A field for a user, who is found by name or identifier. */
export function UserField({ label, value, onChange, allowsDeleted = false, placeholder, error }: Props) {
  const users = useUsers().data ?? [];
  const chosen: Item | null =
    users.find(({ userId }) => userId === value) ?? (value ? { userId: value, displayName: "" } : null);
  const [typed, setTyped] = useState("");
  const items = itemsFor(users, chosen !== null && typed === textOf(chosen) ? "" : typed, allowsDeleted);

  return (
    <Combobox<Item>
      label={label}
      listLabel={texts.userField.list}
      noMatch={texts.userField.noMatch}
      keyOf={({ userId }) => userId}
      itemClass={styles.item}
      floats
      input={{ placeholder }}
      error={error}
      items={items}
      selectedItem={chosen}
      itemToString={textOf}
      // The name comes when the users are loaded.
      itemToKey={(item) => item && `${item.userId} ${item.displayName}`}
      onInputValueChange={({ inputValue }) => setTyped(inputValue)}
      onSelectedItemChange={({ selectedItem }) => onChange(selectedItem?.userId ?? "")}
      stateReducer={(state, { type, changes }) => {
        const { InputChange, InputBlur } = useCombobox.stateChangeTypes;
        if (type === InputChange && changes.inputValue === "") return { ...changes, selectedItem: null };
        // A text that names no user does not stay.
        if (type === InputBlur) {
          return { ...changes, inputValue: textOf(changes.selectedItem ?? state.selectedItem) };
        }
        return changes;
      }}
    >
      {(item) => (
        <>
          {item.isDeleted ? texts.userField.other(item.userId) : item.displayName || item.userId}
          {!item.isDeleted && item.displayName && <span className={styles.id}>{item.userId}</span>}
        </>
      )}
    </Combobox>
  );
}

function textOf(item: Item | null): string {
  return item?.displayName || item?.userId || "";
}

/** Returns the users whose name and identifier have all words of a text. */
function itemsFor(users: readonly Item[], text: string, allowsDeleted: boolean): Item[] {
  const wanted = text.trim();
  const found = users.filter(({ userId, displayName }) => containsWords(`${displayName} ${userId}`, wanted));
  const items: Item[] = found.slice(0, SHOWN);
  if (allowsDeleted && wanted !== "" && !users.some(({ userId }) => userId === wanted)) {
    items.push({ userId: wanted, displayName: "", isDeleted: true });
  }
  return items;
}
