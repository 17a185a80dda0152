import type { ColumnDef } from "@tanstack/react-table";
import { useEffect, useRef } from "react";

interface Names<T> {
  all: string;
  row: (row: T) => string;
}

/** Returns the column of check boxes of a table with row selection. The names are for those who hear them. */
export function selectionColumn<T>(names: Names<T>): ColumnDef<T> {
  return {
    id: "select",
    size: 44,
    enableSorting: false,
    header: ({ table }) => (
      <Box
        label={names.all}
        checked={table.getIsAllRowsSelected()}
        mixed={table.getIsSomeRowsSelected()}
        onChange={(checked) => table.toggleAllRowsSelected(checked)}
      />
    ),
    cell: ({ row }) => (
      <Box
        label={names.row(row.original)}
        checked={row.getIsSelected()}
        disabled={!row.getCanSelect()}
        onChange={(checked) => row.toggleSelected(checked)}
      />
    ),
  };
}

interface BoxProps {
  label: string;
  checked: boolean;
  mixed?: boolean;
  disabled?: boolean;
  onChange: (checked: boolean) => void;
}

function Box({ label, checked, mixed = false, disabled = false, onChange }: BoxProps) {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (box.current !== null) box.current.indeterminate = mixed && !checked;
  });
  return (
    <input
      ref={box}
      type="checkbox"
      aria-label={label}
      checked={checked}
      disabled={disabled}
      onChange={(event) => onChange(event.target.checked)}
    />
  );
}
