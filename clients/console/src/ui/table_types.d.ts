import "@tanstack/react-table";

declare module "@tanstack/react-table" {
  interface ColumnMeta<TData extends RowData, TValue> {
    /** The name of the column: of its filter, and beside each value on narrow screens. */
    label: string;
    /** How the column is filtered. Without it, it is not. */
    filter?: ColumnFilterKind;
    /** Whether the values are numbers, which are aligned at their last digit. */
    numeric?: boolean;
  }
}

/** A text that values contain, a range of numbers, or one of several choices. */
type ColumnFilterKind = "text" | "range" | readonly { readonly value: string; readonly label: string }[];
