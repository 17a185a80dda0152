import type { User } from "#gen/localdial/v1/directory_pb";
import { texts } from "../../texts";
import { phoneNumber } from "../../ui/format";
import { Notice } from "../../ui/Notice";
import { changesOf } from "./changes";
import styles from "./ImportUsersDialog.module.css";
import type { UserRow } from "./users_file";

/** As many changes as are listed. */
const SHOWN = 100;

/** What the rows would change. */
export function Changes({ rows, users }: { rows: readonly UserRow[]; users: readonly User[] }) {
  const { changes, unchanged } = changesOf(rows, users);
  if (changes.length === 0) return <Notice kind="info">{texts.userImport.nothing}</Notice>;
  const added = changes.filter(({ isNew }) => isNew).length;
  return (
    <section className={styles.part} aria-live="polite">
      <h3>{texts.userImport.summary(added, changes.length - added, unchanged)}</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <ul className={styles.changes} tabIndex={0} aria-label={texts.userImport.changes}>
        {changes.slice(0, SHOWN).map(({ userId, displayName, isNew, fields }) => (
          <li key={userId}>
            <span>
              <strong>{displayName || userId}</strong> {displayName && <span className={styles.quiet}>{userId}</span>}{" "}
              {isNew && <ins>{texts.userImport.isNew}</ins>}
            </span>
            {fields
              .filter(({ name }) => !isNew || name !== "displayName")
              .map(({ name, before, after }) => (
                <span key={name}>
                  <span className={styles.quiet}>{texts.userImport.fieldName[name]}</span>{" "}
                  {!isNew && <del>{phoneNumber(before) || texts.userImport.cleared}</del>}{" "}
                  <ins>{phoneNumber(after) || texts.userImport.cleared}</ins>
                </span>
              ))}
          </li>
        ))}
        {changes.length > SHOWN && (
          <li className={styles.quiet}>{texts.userImport.moreChanges(changes.length - SHOWN)}</li>
        )}
      </ul>
    </section>
  );
}
