import { createColumnHelper } from "@tanstack/react-table";
import { type LocalPresenceNumber, NumberState } from "#gen/localdial/v1/number_pb";
import { texts } from "../texts";
import { DataTable } from "../ui/DataTable";
import { day, phoneNumber } from "../ui/format";
import { SearchField } from "../ui/SearchField";
import { useUrlTable } from "../ui/table_state";
import styles from "./NumbersTable.module.css";

const column = createColumnHelper<LocalPresenceNumber>();
const labels = texts.numbers.column;

const columns = [
  column.accessor("phoneNumber", {
    header: labels.number,
    meta: { label: labels.number, filter: "text" },
    cell: (cell) => phoneNumber(cell.getValue()),
  }),
  column.accessor("areaCode", { header: labels.areaCode, meta: { label: labels.areaCode, filter: "text" } }),
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
  }),
];

export function NumbersTable({ numbers }: { numbers: LocalPresenceNumber[] }) {
  const table = useUrlTable({
    rows: numbers,
    columns,
    idOf: (number) => number.phoneNumber,
    sort: "phoneNumber",
    searchText: (number) => `${number.phoneNumber} ${number.locality}`,
  });
  return (
    <>
      <div className={styles.tools}>
        <SearchField label={texts.numbers.search} />
        <output>{texts.numbers.summary(table.getRowModel().rows.length)}</output>
      </div>
      <DataTable table={table} caption={texts.numbers.caption} />
    </>
  );
}
