/** A table that stays fluid with 10,000 rows: only the visible ones are in the document. */

import { type Cell, flexRender, type Header, type Table } from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, type KeyboardEvent, memo, type ReactNode, useCallback, useRef } from "react";
import { texts } from "../texts";
import { Button } from "./Button";
import { ColumnFilter } from "./ColumnFilter";
import styles from "./DataTable.module.css";

interface Props<T> {
  table: Table<T>;
  /** What the table lists, for those who hear it. */
  caption: string;
  /** The least height of a row, in pixels. */
  rowHeight?: number;
}

/** Rows above and below the visible ones. */
const OVERSCAN = 12;

/**
 * Shows the rows of `table`. A column's `size` is its width in pixels, in proportion to the others; `meta.label` names
 * it on narrow screens; `meta.filter` adds a filter. The arrow keys move between the check boxes of a selection.
 */
export function DataTable<T>({ table, caption, rowHeight = 40 }: Props<T>) {
  const frame = useRef<HTMLDivElement>(null);
  const { rows } = table.getRowModel();
  const columns = table.getVisibleLeafColumns();
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => rowHeight,
    getItemKey: useCallback((index: number) => rows[index]?.id ?? index, [rows]),
    overscan: OVERSCAN,
    // Until the browser has measured the frame, so that the first rows are there at once.
    initialRect: { width: 1280, height: 800 },
  });
  const visible = virtual.getVirtualItems();
  const before = visible[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (visible.at(-1)?.end ?? 0);
  const isFiltered = table.getState().columnFilters.length > 0 || Boolean(table.getState().globalFilter);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section ref={frame} className={styles.frame} aria-label={caption} tabIndex={0}>
      <table
        className={styles.table}
        style={{ "--least-width": `${table.getTotalSize()}px` } as CSSProperties}
        aria-rowcount={rows.length + 1}
        onKeyDown={moveBetweenCheckboxes}
      >
        <caption className="visually-hidden">{caption}</caption>
        <colgroup>
          {columns.map((column) => (
            <col key={column.id} style={{ width: column.getSize() }} />
          ))}
        </colgroup>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id} aria-rowindex={1}>
              {group.headers.map((header) => (
                <Heading key={header.id} header={header} />
              ))}
            </tr>
          ))}
          {columns.some((column) => column.getCanFilter()) && (
            <tr className={styles.filters}>
              {columns.map((column) => (
                <td key={column.id} data-label={column.columnDef.meta?.label}>
                  {column.getCanFilter() && <ColumnFilter column={column} />}
                </td>
              ))}
            </tr>
          )}
        </thead>
        <tbody>
          {before > 0 && <Gap height={before} columns={columns.length} />}
          {visible.map(({ index }) => {
            const row = rows[index];
            return row === undefined ? null : (
              <VisibleRow
                key={row.id}
                cells={row.getVisibleCells()}
                index={index}
                isSelected={row.getIsSelected()}
                measure={virtual.measureElement}
              />
            );
          })}
          {after > 0 && <Gap height={after} columns={columns.length} />}
        </tbody>
      </table>
      {rows.length === 0 && (
        <div className={styles.none}>
          <p>{texts.table.noMatch}</p>
          {isFiltered && <Button onClick={() => clearFilters(table)}>{texts.table.clearFilters}</Button>}
        </div>
      )}
    </section>
  );
}

interface RowProps<T> {
  cells: Cell<T, unknown>[];
  index: number;
  isSelected: boolean;
  measure: (element: HTMLTableRowElement | null) => void;
}

/** A row. While the table scrolls, those that stay in sight are not rendered again. */
const VisibleRow = memo(function VisibleRow<T>({ cells, index, isSelected, measure }: RowProps<T>) {
  return (
    <tr ref={measure} data-index={index} data-selected={isSelected || undefined} aria-rowindex={index + 2}>
      {cells.map((cell) => (
        <td
          key={cell.id}
          data-label={cell.column.columnDef.meta?.label}
          className={cell.column.columnDef.meta?.numeric ? styles.numeric : undefined}
        >
          <div>{flexRender(cell.column.columnDef.cell, cell.getContext())}</div>
        </td>
      ))}
    </tr>
  );
}) as <T>(props: RowProps<T>) => ReactNode;

function Heading<T>({ header }: { header: Header<T, unknown> }) {
  const { column } = header;
  const sorted = column.getIsSorted();
  const content = flexRender(column.columnDef.header, header.getContext());
  return (
    <th
      scope="col"
      className={column.columnDef.meta?.numeric ? styles.numeric : undefined}
      aria-sort={sorted === "asc" ? "ascending" : sorted === "desc" ? "descending" : undefined}
    >
      {column.getCanSort() ? (
        <button type="button" className={styles.sort} onClick={column.getToggleSortingHandler()}>
          {content}
          <span aria-hidden="true" className={sorted ? styles.sorted : styles.unsorted}>
            {sorted === "desc" ? "▼" : "▲"}
          </span>
        </button>
      ) : (
        content
      )}
    </th>
  );
}

/** The place of the rows that are not in the document. */
function Gap({ height, columns }: { height: number; columns: number }) {
  return (
    <tr className={styles.gap}>
      <td colSpan={columns} style={{ height }} />
    </tr>
  );
}

function clearFilters<T>(table: Table<T>) {
  table.setColumnFilters([]);
  table.setGlobalFilter("");
}

function moveBetweenCheckboxes(event: KeyboardEvent<HTMLTableElement>) {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (step === undefined || !(event.target instanceof HTMLInputElement) || event.target.type !== "checkbox") return;
  event.preventDefault();
  const boxes = [...event.currentTarget.querySelectorAll<HTMLInputElement>("input[type=checkbox]:enabled")];
  boxes[boxes.indexOf(event.target) + step]?.focus();
}
