import type { OnChangeFn, RowSelectionState } from "@tanstack/react-table";
import type { ReactNode } from "react";
import { useSession } from "../session/session";
import { texts } from "../texts";
import { DataTable } from "../ui/DataTable";
import { SearchField } from "../ui/SearchField";
import { useUrlTable } from "../ui/table_state";
import { COLUMNS, SELECT } from "./columns";
import styles from "./NumbersTable.module.css";
import type { NumberRow } from "./rows";

const WITH_SELECTION = [SELECT, ...COLUMNS];

interface Props {
  rows: NumberRow[];
  selected: RowSelectionState;
  onSelect: OnChangeFn<RowSelectionState>;
  /** What can be done with the ticked rows. */
  children: ReactNode;
}

/** The table of numbers, with its search. */
export function NumbersTable({ rows, selected, onSelect, children }: Props) {
  const { mayChange } = useSession();
  const table = useUrlTable({
    rows,
    columns: mayChange ? WITH_SELECTION : COLUMNS,
    idOf: ({ number }) => number.phoneNumber,
    sort: "number",
    searchText: ({ searchText }) => searchText,
    ...(mayChange && { selection: { state: selected, onChange: onSelect, allows: mayDelete } }),
  });
  const shown = table.getRowModel().rows.length;
  return (
    <>
      <div className={styles.tools}>
        <SearchField label={texts.numbers.search} />
        <output className={styles.count}>
          {texts.numbers.shown(shown, rows.length, table.getSelectedRowModel().rows.length)}
        </output>
        {children}
      </div>
      <DataTable table={table} caption={texts.numbers.caption} />
    </>
  );
}

/** A number that is being bought cannot be deleted yet. One that is being released can be asked for again. */
function mayDelete({ state }: NumberRow): boolean {
  return state !== "PURCHASING";
}
