import "@tanstack/react-table";

declare module "@tanstack/react-table" {
  interface ColumnMeta<TData extends RowData, TValue> {
    /** The name of the column, shown beside each value on narrow screens. */
    label: string;
  }
}
