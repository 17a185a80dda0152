/** The sorting, the filters and the search of a table, which live in the URL. */

import {
  type ColumnDef,
  type ColumnFiltersState,
  type FilterFn,
  getCoreRowModel,
  getFilteredRowModel,
  getSortedRowModel,
  type OnChangeFn,
  type RowSelectionState,
  type SortingState,
  type Table,
  useReactTable,
} from "@tanstack/react-table";
import { useDeferredValue, useMemo } from "react";
import { useSearchParams } from "wouter";
import { containsWords, hasWords, isChosen, isInRange } from "./filters";
import { changed } from "./url_state";

interface Options<T> {
  rows: T[];
  // biome-ignore lint/suspicious/noExplicitAny: columns of different types of values, as TanStack Table types them
  columns: ColumnDef<T, any>[];
  idOf: (row: T) => string;
  /** The column by which the rows are sorted at first, with `-` in front for descending. */
  sort: string;
  /** Returns the text of a row in which the search looks. */
  searchText: (row: T) => string;
  selection?: { state: RowSelectionState; onChange: OnChangeFn<RowSelectionState>; allows: (row: T) => boolean };
}

/** The parameters of the URL that are no column filters. */
const SEARCH = "search";
const SORT = "sort";

/**
 * Returns a table whose sorting, column filters and search are parameters of the URL: `sort`, `search`, and one for
 * each column, by its identifier.
 */
export function useUrlTable<T>({ rows, columns, idOf, sort, searchText, selection }: Options<T>): Table<T> {
  const [params, setParams] = useSearchParams();
  const order = params.get(SORT) ?? sort;
  const sorting = useMemo<SortingState>(() => [{ id: order.replace(/^-/, ""), desc: order.startsWith("-") }], [order]);
  const all = useMemo(() => columns.map(withFilter), [columns]);
  const filters = useMemo<ColumnFiltersState>(
    () => all.flatMap(({ id = "" }) => (params.get(id) ? [{ id, value: params.get(id) }] : [])),
    [all, params],
  );
  const matches = useMemo<FilterFn<T>>(() => {
    const texts = new Map(rows.map((row) => [row, searchText(row)]));
    return (row, _column, wanted: string) => {
      return containsWords(texts.get(row.original) ?? "", wanted);
    };
  }, [rows, searchText]);
  const set = (changes: Record<string, string>) =>
    setParams((before) => changed(before, changes, { [SORT]: sort }), { replace: true });
  return useReactTable({
    data: rows,
    columns: all,
    getRowId: idOf,
    state: {
      sorting,
      // Typing stays fluid: the rows follow when there is time.
      columnFilters: useDeferredValue(filters),
      globalFilter: useDeferredValue(params.get(SEARCH) ?? ""),
      ...(selection && { rowSelection: selection.state }),
    },
    globalFilterFn: matches,
    getColumnCanGlobalFilter: () => true,
    enableSortingRemoval: false,
    enableMultiSort: false,
    enableRowSelection: selection ? (row) => selection.allows(row.original) : false,
    ...(selection && { onRowSelectionChange: selection.onChange }),
    onSortingChange: (change) => {
      const [first] = typeof change === "function" ? change(sorting) : change;
      if (first !== undefined) set({ [SORT]: `${first.desc ? "-" : ""}${first.id}` });
    },
    onColumnFiltersChange: (change) => {
      const wanted = typeof change === "function" ? change(filters) : change;
      const values = Object.fromEntries(wanted.map(({ id, value }) => [id, String(value)]));
      set(Object.fromEntries(all.map(({ id = "" }) => [id, values[id] ?? ""])));
    },
    onGlobalFilterChange: (wanted: string) => set({ [SEARCH]: wanted }),
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
    getFilteredRowModel: getFilteredRowModel(),
  });
}

/** Returns the column with its identifier, and with the function that its kind of filter needs. */
// biome-ignore lint/suspicious/noExplicitAny: as above
function withFilter<T>(column: ColumnDef<T, any>): ColumnDef<T, any> {
  const kind = column.meta?.filter;
  const filterFn = (kind === "text" ? hasWords : kind === "range" ? isInRange : isChosen) as FilterFn<T>;
  const id = column.id ?? ("accessorKey" in column ? String(column.accessorKey) : "");
  return { filterFn, ...column, id, enableColumnFilter: kind !== undefined };
}
