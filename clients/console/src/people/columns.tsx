/** The columns of the table of users. */

import { createColumnHelper } from "@tanstack/react-table";
import type { User } from "#gen/localdial/v1/directory_pb";
import { texts } from "../texts";
import { Badge } from "../ui/Badge";
import { Button } from "../ui/Button";
import { phoneNumber } from "../ui/format";
import { LACKS, type Lack, lacksOf } from "./lacks";
import styles from "./PeopleView.module.css";
import { useUserDialog } from "./use_user_dialog";

const column = createColumnHelper<User>();
const names = texts.people.column;

export const COLUMNS = [
  column.accessor((user) => user.displayName || user.userId, {
    id: "name",
    size: 200,
    header: names.name,
    meta: { label: names.name, filter: "text" },
    cell: (cell) => <strong>{cell.getValue()}</strong>,
  }),
  column.accessor("userId", {
    size: 150,
    header: names.userId,
    meta: { label: names.userId, filter: "text" },
    cell: (cell) => <span className={styles.quiet}>{cell.getValue()}</span>,
  }),
  column.accessor((user) => searchable(user.workPhone), {
    id: "workPhone",
    size: 150,
    header: names.workPhone,
    meta: { label: names.workPhone, filter: "text" },
    cell: ({ row: { original } }) => phoneNumber(original.workPhone) || texts.unknown,
  }),
  column.accessor((user) => searchable(user.callerId), {
    id: "callerId",
    size: 150,
    header: names.callerId,
    meta: { label: names.callerId, filter: "text" },
    cell: ({ row: { original } }) => phoneNumber(original.callerId) || texts.unknown,
  }),
  column.accessor((user) => lacksOf(user).length, {
    id: "lacks",
    size: 230,
    header: names.missing,
    meta: { label: names.missing, filter: LACKS },
    filterFn: (row, _column, wanted: Lack) => lacksOf(row.original).includes(wanted),
    cell: ({ row: { original } }) => (
      <span className={styles.badges}>
        {lacksOf(original).map((lack) => (
          <Badge key={lack} kind={lack === "workPhone" ? "warning" : "quiet"}>
            {texts.people.lacks[lack]}
          </Badge>
        ))}
      </span>
    ),
  }),
];

export const ACTIONS = column.display({
  id: "actions",
  size: 140,
  header: () => <span className="visually-hidden">{names.actions}</span>,
  cell: ({ row: { original } }) => <Actions user={original} />,
});

function Actions({ user }: { user: User }) {
  const { open } = useUserDialog();
  const name = user.displayName || user.userId;
  return (
    <span className={styles.rowActions}>
      <Button kind="quiet" aria-label={texts.people.editOf(name)} onClick={() => open("edit", user.userId)}>
        {texts.people.edit}
      </Button>
      <Button kind="quiet" aria-label={texts.people.removeOf(name)} onClick={() => open("delete", user.userId)}>
        {texts.people.remove}
      </Button>
    </span>
  );
}

/** Returns a number as it is and as people write it, so that both are found. */
export function searchable(number: string): string {
  return number && `${number} ${phoneNumber(number)}`;
}
