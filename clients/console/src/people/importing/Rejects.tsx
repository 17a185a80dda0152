import { texts } from "../../texts";
import { Button } from "../../ui/Button";
import { saveCsv } from "../../ui/csv";
import { Field } from "../../ui/Field";
import { Notice } from "../../ui/Notice";
import type { Reject } from "./check";
import styles from "./ImportUsersDialog.module.css";
import { COLUMNS, rejectsFile, type UserRow, type UserValues } from "./users_file";

/** As many wrong rows as can be corrected in the dialog. */
const SHOWN = 50;

interface Props {
  rejects: readonly Reject[];
  /** The rows as they are now. */
  rows: readonly UserRow[];
  onEdit: (line: number, column: keyof UserValues, value: string) => void;
  onCheck: () => void;
  isBusy: boolean;
  fileName: string;
}

/** The wrong rows, with what is wrong beside each value. */
export function Rejects({ rejects, rows, onEdit, onCheck, isBusy, fileName }: Props) {
  const now = new Map(rows.map((row) => [row.line, row]));
  return (
    <section className={styles.part}>
      <Notice kind="warning">
        <p>
          <strong>{texts.userImport.rejects(rejects.length)}.</strong> {texts.userImport.rejectsExplained}
        </p>
      </Notice>
      {rejects.slice(0, SHOWN).map(({ row: { line, fault }, problems }) => (
        <fieldset key={line} className={styles.reject}>
          <legend>{texts.userImport.line(line)}</legend>
          {problems
            .filter(({ column }) => !COLUMNS.some((each) => each === column))
            .map(({ column, description }) => (
              <p key={description} className={styles.bad}>
                {texts.userImport.problem(column, description)}
              </p>
            ))}
          {fault === undefined && (
            <div className={styles.values}>
              {COLUMNS.map((column) => (
                <Field
                  key={column}
                  label={column}
                  value={now.get(line)?.values[column] ?? ""}
                  error={
                    problems
                      .filter((problem) => problem.column === column)
                      .map(({ description }) => texts.userImport.problem("", description))
                      .join(" ") || undefined
                  }
                  onChange={(event) => onEdit(line, column, event.target.value)}
                />
              ))}
            </div>
          )}
        </fieldset>
      ))}
      {rejects.length > SHOWN && <p>{texts.userImport.moreRejects(rejects.length - SHOWN)}</p>}
      <div className={styles.buttons}>
        <Button disabled={isBusy} onClick={onCheck}>
          {texts.userImport.check}
        </Button>
        <Button kind="quiet" onClick={() => saveCsv(fileName, rejectsFile(rejects))}>
          {texts.userImport.saveRejects}
        </Button>
      </div>
    </section>
  );
}
