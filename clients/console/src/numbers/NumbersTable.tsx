import {
  createColumnHelper,
  getCoreRowModel,
  getFilteredRowModel,
  getSortedRowModel,
  type SortingState,
  useReactTable,
} from "@tanstack/react-table";
import { useMemo } from "react";
import { type LocalPresenceNumber, NumberState } from "#gen/localdial/v1/number_pb";
import { texts } from "../texts";
import { DataTable } from "../ui/DataTable";
import { day, phoneNumber } from "../ui/format";
import { useUrlState } from "../ui/url_state";
import styles from "./NumbersTable.module.css";

const column = createColumnHelper<LocalPresenceNumber>();
const labels = texts.numbers.column;

const columns = [
  column.accessor("phoneNumber", {
    header: labels.number,
    meta: { label: labels.number },
    cell: (cell) => phoneNumber(cell.getValue()),
  }),
  column.accessor("areaCode", { header: labels.areaCode, meta: { label: labels.areaCode } }),
  column.accessor((number) => [number.locality, number.region].filter(Boolean).join(", "), {
    id: "place",
    header: labels.place,
    meta: { label: labels.place },
  }),
  column.accessor((number) => number.mappedAreaCodes.join(" "), {
    id: "alsoShownFor",
    header: labels.alsoShownFor,
    meta: { label: labels.alsoShownFor },
  }),
  column.accessor((number) => texts.numbers.state[NumberState[number.state] as keyof typeof texts.numbers.state], {
    id: "state",
    header: labels.state,
    meta: { label: labels.state },
  }),
  column.accessor((number) => Number(number.purchaseTime?.seconds ?? 0n), {
    id: "since",
    header: labels.since,
    meta: { label: labels.since },
    cell: (cell) => day(cell.row.original.purchaseTime),
    enableGlobalFilter: false,
  }),
];

export function NumbersTable({ numbers }: { numbers: LocalPresenceNumber[] }) {
  const [search, setSearch] = useUrlState("search");
  const [sort, setSort] = useUrlState("sort", "phoneNumber");
  const sorting = useMemo<SortingState>(() => [{ id: sort.replace(/^-/, ""), desc: sort.startsWith("-") }], [sort]);
  const table = useReactTable({
    data: numbers,
    columns,
    getRowId: (number) => number.phoneNumber,
    state: { sorting, globalFilter: search },
    onGlobalFilterChange: setSearch,
    onSortingChange: (change) => {
      const [first] = typeof change === "function" ? change(sorting) : change;
      setSort(first === undefined ? "phoneNumber" : `${first.desc ? "-" : ""}${first.id}`);
    },
    enableSortingRemoval: false,
    enableRowSelection: false,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
    getFilteredRowModel: getFilteredRowModel(),
  });
  return (
    <>
      <div className={styles.tools}>
        <input
          type="search"
          aria-label={texts.numbers.search}
          placeholder={texts.numbers.search}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <output>{texts.numbers.summary(table.getRowModel().rows.length)}</output>
      </div>
      <DataTable table={table} caption={texts.numbers.caption} />
    </>
  );
}
