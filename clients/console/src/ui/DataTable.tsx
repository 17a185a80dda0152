/** A table that stays fluid with 10,000 rows: only the visible ones are in the document. */

import { flexRender, type Row, type Table } from "@tanstack/react-table";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useLayoutEffect, useRef, useState } from "react";
import { texts } from "../texts";
import styles from "./DataTable.module.css";

interface Props<T> {
  table: Table<T>;
  /** What the table lists, for those who hear it. */
  caption: string;
  /** The height of a row, in pixels. */
  rowHeight?: number;
}

/** Rows above and below the visible ones. */
const OVERSCAN = 12;

/**
 * Shows the rows of `table`. A column's `meta.label` names it on narrow screens. With row selection, the space key
 * ticks the row that has the focus.
 */
export function DataTable<T>({ table, caption, rowHeight = 48 }: Props<T>) {
  const body = useRef<HTMLTableElement>(null);
  const [top, setTop] = useState(0);
  const { rows } = table.getRowModel();
  useLayoutEffect(() => setTop((body.current?.getBoundingClientRect().top ?? 0) + window.scrollY), []);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => rowHeight,
    overscan: OVERSCAN,
    scrollMargin: top,
  });
  const visible = virtual.getVirtualItems();
  const before = (visible[0]?.start ?? top) - top;
  const after = virtual.getTotalSize() - ((visible.at(-1)?.end ?? top) - top);
  const columns = table.getVisibleLeafColumns().length;
  return (
    <div className={styles.frame}>
      <table ref={body} className={styles.table} aria-rowcount={rows.length + 1}>
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {group.headers.map((header) => {
                const sorted = header.column.getIsSorted();
                const content = flexRender(header.column.columnDef.header, header.getContext());
                return (
                  <th
                    key={header.id}
                    scope="col"
                    aria-sort={sorted === "asc" ? "ascending" : sorted === "desc" ? "descending" : undefined}
                  >
                    {header.column.getCanSort() ? (
                      <button type="button" className={styles.sort} onClick={header.column.getToggleSortingHandler()}>
                        {content}
                        <span aria-hidden="true">{sorted === "asc" ? "▲" : sorted === "desc" ? "▼" : "↕"}</span>
                      </button>
                    ) : (
                      content
                    )}
                  </th>
                );
              })}
            </tr>
          ))}
        </thead>
        <tbody>
          {before > 0 && <Gap height={before} columns={columns} />}
          {visible.map(({ index }) => {
            const row = rows[index];
            return row === undefined ? null : (
              <tr
                key={row.id}
                ref={virtual.measureElement}
                data-index={index}
                aria-rowindex={index + 2}
                aria-selected={row.getCanSelect() ? row.getIsSelected() : undefined}
                tabIndex={row.getCanSelect() ? 0 : undefined}
                onKeyDown={(event) => tickBySpace(event, row)}
              >
                {row.getVisibleCells().map((cell) => (
                  <td key={cell.id} data-label={cell.column.columnDef.meta?.label}>
                    {flexRender(cell.column.columnDef.cell, cell.getContext())}
                  </td>
                ))}
              </tr>
            );
          })}
          {after > 0 && <Gap height={after} columns={columns} />}
        </tbody>
      </table>
      {rows.length === 0 && <p className={styles.none}>{texts.table.noMatch}</p>}
    </div>
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

function tickBySpace<T>(event: KeyboardEvent, row: Row<T>) {
  if (event.key !== " " || event.target !== event.currentTarget || !row.getCanSelect()) return;
  event.preventDefault();
  row.toggleSelected();
}
