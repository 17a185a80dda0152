import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  createColumnHelper,
  getCoreRowModel,
  getFilteredRowModel,
  getSortedRowModel,
  type RowSelectionState,
  useReactTable,
} from "@tanstack/react-table";
import { useMemo, useState } from "react";
import type { ImportNumbersResponse } from "#gen/localdial/v1/number_inventory_pb";
import type { CarrierNumber } from "#gen/localdial/v1/number_pb";
import { failureOf, failureOfStatus } from "../../api/failure";
import { allPages } from "../../api/pages";
import { useSession } from "../../session/session";
import { useOrganizationId } from "../../shell/organization";
import { texts } from "../../texts";
import { Button } from "../../ui/Button";
import { DataTable } from "../../ui/DataTable";
import { Dialog } from "../../ui/Dialog";
import { phoneNumber } from "../../ui/format";
import { Notice } from "../../ui/Notice";
import { Empty, FailureText, Loading } from "../../ui/States";
import { selectionColumn } from "../../ui/selection_column";
import { useToasts } from "../../ui/Toasts";
import { refreshNumbers } from "../queries";
import styles from "./ImportDialog.module.css";

const column = createColumnHelper<CarrierNumber>();
const names = texts.importing.column;

const COLUMNS = [
  selectionColumn<CarrierNumber>({
    all: texts.numbers.selectAll,
    row: (number) => texts.numbers.select(phoneNumber(number.phoneNumber)),
  }),
  column.accessor("phoneNumber", {
    size: 150,
    header: names.number,
    meta: { label: names.number },
    cell: (cell) => phoneNumber(cell.getValue()),
  }),
  column.accessor((number) => [number.locality, number.region].filter(Boolean).join(", "), {
    id: "place",
    size: 180,
    header: names.place,
    meta: { label: names.place },
  }),
  column.accessor("reference", { size: 200, header: names.name, meta: { label: names.name } }),
];

/** As many numbers as one call imports. */
const CALL_SIZE = 1000;

/** Adds numbers that the carrier account owns already. */
export function ImportDialog({ onClose }: { onClose: () => void }) {
  const { api } = useSession();
  const organizationId = useOrganizationId();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [selected, setSelected] = useState<RowSelectionState>({});
  const [search, setSearch] = useState("");
  const [configure, setConfigure] = useState(true);

  const importable = useQuery({
    queryKey: ["organization", organizationId, "importable"],
    queryFn: () =>
      allPages(
        (page) => api.numbers.listImportableNumbers({ organizationId, ...page }),
        (page) => page.numbers,
      ),
    // It asks the carrier for the whole account.
    refetchInterval: false,
    refetchOnWindowFocus: false,
  });
  const data = useMemo(() => importable.data ?? [], [importable.data]);
  const table = useReactTable({
    data,
    columns: COLUMNS,
    getRowId: (number) => number.phoneNumber,
    state: { rowSelection: selected, globalFilter: search },
    onRowSelectionChange: setSelected,
    onGlobalFilterChange: setSearch,
    globalFilterFn: "includesString",
    enableColumnFilters: false,
    enableGlobalFilter: true,
    enableSortingRemoval: false,
    getCoreRowModel: getCoreRowModel(),
    getFilteredRowModel: getFilteredRowModel(),
    getSortedRowModel: getSortedRowModel(),
  });
  const chosen = Object.keys(selected).filter((number) => selected[number]);

  const add = useMutation({
    mutationFn: async () => {
      const answers: ImportNumbersResponse[] = [];
      for (let start = 0; start < chosen.length; start += CALL_SIZE) {
        const phoneNumbers = chosen.slice(start, start + CALL_SIZE);
        answers.push(await api.numbers.importNumbers({ organizationId, phoneNumbers, configure }));
      }
      return {
        count: answers.flatMap(({ numbers }) => numbers).length,
        failures: answers.flatMap((each) => each.failures),
      };
    },
    onSettled: () => {
      refreshNumbers(queries, organizationId);
      void importable.refetch();
    },
    onSuccess: ({ count, failures }) => {
      setSelected({});
      if (count > 0) toasts.show({ kind: "success", message: texts.importing.imported(count) });
      if (failures.length === 0) onClose();
    },
  });

  const failure = importable.error === null ? undefined : failureOf(importable.error);
  return (
    <Dialog
      title={texts.importing.title}
      onClose={onClose}
      wide
      actions={
        <>
          <Button onClick={onClose}>{texts.dialog.cancel}</Button>
          <Button kind="primary" disabled={chosen.length === 0 || add.isPending} onClick={() => add.mutate()}>
            {texts.importing.submit(chosen.length)}
          </Button>
        </>
      }
    >
      <p className={styles.quiet}>{texts.importing.explanation}</p>
      {importable.isPending && <Loading />}
      {failure !== undefined && (
        <Notice kind="error">
          {failure.reason === "PERMISSION_DENIED" ? (
            <p>{texts.importing.shared}</p>
          ) : (
            <>
              <FailureText failure={failure} />
              <Button onClick={() => void importable.refetch()}>{texts.states.retry}</Button>
            </>
          )}
        </Notice>
      )}
      {importable.data?.length === 0 && <Empty title={texts.importing.none} />}
      {data.length > 0 && (
        <>
          <input
            type="search"
            aria-label={texts.importing.search}
            placeholder={texts.importing.search}
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
          <div className={styles.list}>
            <DataTable table={table} caption={texts.importing.caption} />
          </div>
          <label className={styles.configure}>
            <input type="checkbox" checked={configure} onChange={(event) => setConfigure(event.target.checked)} />
            <span>
              {texts.importing.configure}
              <span className={styles.quiet}>{texts.importing.configureHint}</span>
            </span>
          </label>
        </>
      )}
      {add.error !== null && (
        <Notice kind="error">
          <FailureText failure={failureOf(add.error)} />
        </Notice>
      )}
      {add.data !== undefined && add.data.failures.length > 0 && (
        <Notice kind="error">
          <p>{texts.importing.notImported(add.data.failures.length)}</p>
          <ul className={styles.failures}>
            {add.data.failures.map(({ phoneNumber: number, status }) => (
              <li key={number}>
                <strong>{phoneNumber(number)}</strong>:{" "}
                {status !== undefined && texts.failure.explain(failureOfStatus(status))}
              </li>
            ))}
          </ul>
        </Notice>
      )}
    </Dialog>
  );
}
