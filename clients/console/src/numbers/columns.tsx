/** The columns of the table of numbers. */

import { createColumnHelper } from "@tanstack/react-table";
import { money, texts } from "../texts";
import { AGES, ageFilter } from "../ui/ages";
import { count, day, minute, phoneNumber, principal, recently } from "../ui/format";
import { selectionColumn } from "../ui/selection_column";
import { MappedAreaCodes } from "./mapping/MappedAreaCodes";
import styles from "./NumbersTable.module.css";
import { EXTERNAL, type NumberRow } from "./rows";
import { State } from "./State";

const column = createColumnHelper<NumberRow>();
const names = texts.numbers.column;
const states = (["ACTIVE", "PURCHASING", "RELEASING"] as const).map((value) => ({
  value,
  label: texts.numbers.state[value],
}));

/** The columns whose numbers users may tick. */
export const SELECT = selectionColumn<NumberRow>({
  all: texts.numbers.selectAll,
  row: ({ number }) => texts.numbers.select(phoneNumber(number.phoneNumber)),
});

export const COLUMNS = [
  column.accessor((row) => row.number.phoneNumber, {
    id: "number",
    size: 148,
    header: names.number,
    meta: { label: names.number, filter: "text" },
    filterFn: (row, _column, wanted: string) => digits(row.original.number.phoneNumber).includes(digits(wanted)),
    cell: (cell) => <span className={styles.number}>{phoneNumber(cell.getValue())}</span>,
  }),
  column.accessor((row) => [row.number.areaCode, row.place].filter(Boolean).join(" "), {
    id: "areaCode",
    size: 165,
    header: names.areaCode,
    meta: { label: names.areaCode, filter: "text" },
    cell: ({ row: { original } }) => (
      <>
        <strong>{original.number.areaCode || texts.numbers.noAreaCode}</strong>{" "}
        <span className={styles.quiet}>{original.place}</span>
      </>
    ),
  }),
  column.accessor((row) => row.number.mappedAreaCodes.join(" "), {
    id: "alsoShownFor",
    size: 230,
    header: names.alsoShownFor,
    meta: { label: names.alsoShownFor, filter: "text" },
    sortingFn: (one, other) =>
      one.original.number.mappedAreaCodes.length - other.original.number.mappedAreaCodes.length,
    cell: ({ row: { original } }) => <MappedAreaCodes number={original.number} />,
  }),
  column.accessor("state", {
    size: 130,
    header: names.state,
    meta: { label: names.state, filter: states },
    cell: ({ row: { original } }) => <State number={original.number} />,
  }),
  column.accessor("shownToday", {
    size: 84,
    header: names.shownToday,
    sortUndefined: "last",
    meta: { label: names.shownToday, filter: "range", numeric: true },
    cell: (cell) => counted(cell.getValue()),
  }),
  column.accessor("shownInDays", {
    size: 92,
    header: names.shownInDays,
    sortUndefined: "last",
    meta: { label: names.shownInDays, filter: "range", numeric: true },
    cell: (cell) => counted(cell.getValue()),
  }),
  column.accessor((row) => (row.lastShown === undefined ? undefined : Number(row.lastShown.seconds)), {
    id: "lastShown",
    size: 116,
    header: names.lastShown,
    sortUndefined: "last",
    meta: { label: names.lastShown, filter: AGES },
    filterFn: ageFilter((row) => row.lastShown),
    cell: ({ row: { original } }) => <LastShown time={original.lastShown} />,
  }),
  column.accessor((row) => row.number.monthlyPrice && Number(row.number.monthlyPrice.micros) / 1e6, {
    id: "cost",
    size: 92,
    header: names.cost,
    sortUndefined: "last",
    meta: { label: names.cost, filter: "range", numeric: true },
    cell: ({ row: { original } }) => <Cost number={original.number} />,
  }),
  column.accessor((row) => Number(row.number.purchaseTime?.seconds ?? 0n), {
    id: "ownedSince",
    size: 130,
    header: names.ownedSince,
    meta: { label: names.ownedSince, filter: AGES.filter(({ value }) => value !== "never") },
    filterFn: ageFilter((row) => row.number.purchaseTime),
    cell: ({ row: { original } }) => day(original.number.purchaseTime),
  }),
  column.accessor((row) => principal(row.number.createdBy), {
    id: "by",
    size: 140,
    header: names.by,
    meta: { label: names.by, filter: "text" },
    cell: (cell) => cell.getValue() || texts.unknown,
  }),
];

function Cost({ number: { carrier, monthlyPrice } }: Pick<NumberRow, "number">) {
  if (monthlyPrice !== undefined) return money(monthlyPrice);
  if (carrier !== EXTERNAL) return texts.unknown;
  return (
    <span className={styles.quiet} title={texts.numbers.externalHint}>
      {texts.numbers.external}
    </span>
  );
}

function LastShown({ time }: { time: NumberRow["lastShown"] }) {
  if (time === undefined) return <span className={styles.quiet}>{texts.never}</span>;
  return <time title={minute(time)}>{recently(time)}</time>;
}

/** Returns the digits of a number, without the country code 1, as users type them. */
function digits(text: string): string {
  return text.replace(/^\s*\+1/, "").replace(/\D/g, "");
}

function counted(value: number | undefined): string {
  return value === undefined ? texts.unknown : count(value);
}
