import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import type { User } from "#gen/localdial/v1/directory_pb";
import { failureOf } from "../../api/failure";
import { useSession } from "../../session/session";
import { useOrganizationId } from "../../shell/organization";
import { texts } from "../../texts";
import { Button } from "../../ui/Button";
import { csvTextOf, saveCsv } from "../../ui/csv";
import { Dialog } from "../../ui/Dialog";
import { Notice } from "../../ui/Notice";
import { FailureText } from "../../ui/States";
import { useToasts } from "../../ui/Toasts";
import { refreshUsers } from "../queries";
import { Changes } from "./Changes";
import { checkRows, ImportStopped, writeRows } from "./check";
import styles from "./ImportUsersDialog.module.css";
import { Rejects } from "./Rejects";
import { readUsersFile, type UserRow, type UserValues, usersFile } from "./users_file";

/** Creates and replaces users by a file, after showing what it changes. Wrong rows are corrected in place. */
export function ImportUsersDialog({ users, onClose }: { users: readonly User[]; onClose: () => void }) {
  const { api } = useSession();
  const organizationId = useOrganizationId();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [problem, setProblem] = useState<string>();
  const [rows, setRows] = useState<readonly UserRow[]>([]);
  const field = useId();

  const check = useMutation({ mutationFn: (all: readonly UserRow[]) => checkRows(api, organizationId, all) });
  const write = useMutation({
    mutationFn: (good: readonly UserRow[]) => writeRows(api, organizationId, good),
    onSettled: () => refreshUsers(queries, organizationId),
    onSuccess: (count) => {
      toasts.show({ kind: "success", message: texts.userImport.done(count) });
      const left = rows.filter(({ line }) => check.data?.rejects.some(({ row }) => row.line === line));
      if (left.length === 0) onClose();
      else recheck(left);
    },
  });
  const checked = check.data;
  const isBusy = check.isPending || write.isPending;

  function recheck(all: readonly UserRow[]) {
    setRows(all);
    check.mutate(all);
  }
  async function open(file: File | undefined) {
    setProblem(undefined);
    check.reset();
    write.reset();
    if (file === undefined) return;
    const text = await csvTextOf(file);
    const read = text === undefined ? { problem: texts.userImport.notText } : readUsersFile(text);
    if ("problem" in read) setProblem(read.problem);
    else recheck(read.rows);
  }
  function edit(line: number, column: keyof UserValues, value: string) {
    setRows(rows.map((row) => (row.line === line ? { ...row, values: { ...row.values, [column]: value } } : row)));
  }

  return (
    <Dialog
      title={texts.userImport.title}
      onClose={onClose}
      wide
      actions={
        <>
          <Button onClick={onClose}>{texts.dialog.close}</Button>
          <Button
            kind="primary"
            disabled={isBusy || checked === undefined || checked.good.length === 0}
            onClick={() => checked !== undefined && write.mutate(checked.good)}
          >
            {texts.userImport.submit(checked?.good.length ?? 0, checked?.rejects.length ?? 0)}
          </Button>
        </>
      }
    >
      <p className={styles.quiet}>{texts.userImport.format}</p>
      <div className={styles.file}>
        <label htmlFor={field}>{texts.userImport.file}</label>
        <input
          id={field}
          type="file"
          accept=".csv,.txt,text/csv"
          disabled={isBusy}
          onChange={(event) => void open(event.target.files?.[0])}
        />
        <Button onClick={() => saveCsv(`${organizationId}-users.csv`, usersFile(users))}>
          {texts.userImport.template}
        </Button>
      </div>
      {problem !== undefined && <Notice kind="error">{problem}</Notice>}
      {check.isPending && <Notice kind="info">{texts.userImport.checking(rows.length)}</Notice>}
      {check.error !== null && (
        <Notice kind="error">
          <FailureText failure={failureOf(check.error)} />
          <Button onClick={() => recheck(rows)}>{texts.userImport.check}</Button>
        </Notice>
      )}
      {checked !== undefined && checked.rejects.length > 0 && (
        <Rejects
          rejects={checked.rejects}
          rows={rows}
          onEdit={edit}
          onCheck={() => recheck(rows)}
          isBusy={isBusy}
          fileName={`${organizationId}-rejected-users.csv`}
        />
      )}
      {checked !== undefined && checked.good.length > 0 && <Changes rows={checked.good} users={users} />}
      {write.error !== null && <WriteError error={write.error} />}
    </Dialog>
  );
}

function WriteError({ error }: { error: Error }) {
  const isPart = error instanceof ImportStopped;
  return (
    <Notice kind="error">
      {isPart && <p>{texts.userImport.stopped(error.writtenCount)}</p>}
      <FailureText failure={failureOf(isPart ? error.cause : error)} />
    </Notice>
  );
}
