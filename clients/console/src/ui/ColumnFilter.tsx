import type { Column } from "@tanstack/react-table";
import { useSearchParams } from "wouter";
import { texts } from "../texts";
import styles from "./ColumnFilter.module.css";
import { rangeOf } from "./filters";

/** The filter of a column, of the kind that `meta.filter` says. */
export function ColumnFilter<T>({ column }: { column: Column<T> }) {
  // The table's own value comes later while the user types.
  const [params] = useSearchParams();
  const value = params.get(column.id) ?? "";
  const { label = column.id, filter } = column.columnDef.meta ?? {};
  const name = texts.table.filterOf(label);
  if (typeof filter === "object") {
    return (
      <select
        className={styles.filter}
        aria-label={name}
        value={value}
        onChange={(event) => column.setFilterValue(event.target.value)}
      >
        <option value="">{texts.table.all}</option>
        {filter.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
    );
  }
  return (
    <input
      type="text"
      className={styles.filter}
      aria-label={name}
      autoComplete="off"
      spellCheck={false}
      value={value}
      onChange={(event) => column.setFilterValue(event.target.value)}
      {...(filter === "range" && {
        title: texts.table.range,
        placeholder: "> 0",
        "aria-invalid": value !== "" && rangeOf(value) === undefined,
      })}
    />
  );
}
