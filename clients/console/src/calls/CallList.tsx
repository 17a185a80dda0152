import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { type ColumnDef, getCoreRowModel, useReactTable } from "@tanstack/react-table";
import { type ReactNode, useState } from "react";
import { failureOf } from "../api/failure";
import { texts } from "../texts";
import { Button } from "../ui/Button";
import { saveCsv, toCsv } from "../ui/csv";
import { DataTable } from "../ui/DataTable";
import { Loaded } from "../ui/Loaded";
import { useToasts } from "../ui/Toasts";
import styles from "./CallList.module.css";
import { type CallsPage, mostCalls } from "./pages";

interface Props<T, P> {
  query: UseInfiniteQueryResult<InfiniteData<CallsPage<T, P>>>;
  // biome-ignore lint/suspicious/noExplicitAny: columns of different types of values, as TanStack Table types them
  columns: ColumnDef<T, any>[];
  idOf: (call: T) => string;
  caption: string;
  /** Returns a count of such calls, in words. */
  counted: (count: number) => string;
  /** What is shown without any call. */
  none: ReactNode;
  /** Gets a page of the calls for the file. Without one, the first. */
  getPage: (param?: P) => Promise<CallsPage<T, P>>;
  csv: { name: string; columns: readonly string[]; rowOf: (call: T) => string[] };
}

/** A list of calls of which more is loaded on demand, and which is saved as a file. */
export function CallList<T, P>({ query, columns, idOf, caption, counted, none, getPage, csv }: Props<T, P>) {
  const toasts = useToasts();
  const [isSaving, setIsSaving] = useState(false);

  async function save() {
    setIsSaving(true);
    try {
      const { calls, isAll } = await mostCalls(getPage, (count) =>
        toasts.show({ kind: "progress", message: texts.list.preparing(count) }, FILE),
      );
      saveCsv(csv.name, toCsv(csv.columns, calls.map(csv.rowOf)));
      toasts.show(
        isAll
          ? { kind: "success", message: texts.list.saved(calls.length) }
          : { kind: "warning", message: texts.list.savedPart(calls.length) },
        FILE,
      );
    } catch (error) {
      toasts.show({ kind: "error", message: texts.failure.whole(failureOf(error)) }, FILE);
    } finally {
      setIsSaving(false);
    }
  }

  return (
    <Loaded query={query}>
      {({ pages }) => {
        const calls = pages.flatMap((page) => page.calls);
        if (calls.length === 0 && !query.hasNextPage) return none;
        return (
          <>
            <Table calls={calls} {...{ columns, idOf, caption }} />
            <div className={styles.foot}>
              <output>
                {query.hasNextPage ? texts.list.some(counted(calls.length)) : texts.list.all(counted(calls.length))}
              </output>
              {query.hasNextPage && (
                <Button aria-disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  {query.isFetchingNextPage ? texts.list.loadingMore : texts.list.more}
                </Button>
              )}
              <Button disabled={isSaving} onClick={() => void save()}>
                {texts.list.download}
              </Button>
            </div>
          </>
        );
      }}
    </Loaded>
  );
}

/** The toast about a file. */
const FILE = "calls file";

interface TableProps<T> {
  calls: T[];
  // biome-ignore lint/suspicious/noExplicitAny: as above
  columns: ColumnDef<T, any>[];
  idOf: (call: T) => string;
  caption: string;
}

function Table<T>({ calls, columns, idOf, caption }: TableProps<T>) {
  const table = useReactTable({
    data: calls,
    columns,
    getRowId: idOf,
    enableSorting: false,
    enableColumnFilters: false,
    getCoreRowModel: getCoreRowModel(),
  });
  return <DataTable table={table} caption={caption} />;
}
