import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import type { LocalPresenceNumber } from "#gen/localdial/v1/number_pb";
import type { Api } from "../../api/client";
import { failureOf } from "../../api/failure";
import { useSession } from "../../session/session";
import { texts } from "../../texts";
import { Button } from "../../ui/Button";
import { saveCsv } from "../../ui/csv";
import { Dialog } from "../../ui/Dialog";
import { phoneNumber } from "../../ui/format";
import { Notice } from "../../ui/Notice";
import { FailureText } from "../../ui/States";
import { useToasts } from "../../ui/Toasts";
import { refreshNumbers } from "../queries";
import styles from "./MappingFileDialog.module.css";
import { type Change, mappingFile, readMappingFile } from "./mapping_file";

/** As many area codes as one call maps. */
const CALL_SIZE = 100;

interface Props {
  numbers: readonly LocalPresenceNumber[];
  organizationId: string;
  onClose: () => void;
}

/** Saves the mappings as a CSV file, and applies a file after showing what it changes. */
export function MappingFileDialog({ numbers, organizationId, onClose }: Props) {
  const { api, mayChange } = useSession();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [text, setText] = useState<string>();
  const field = useId();
  // Read anew when the numbers change meanwhile, so that the difference is always to what is true now.
  const file = text === undefined ? undefined : readMappingFile(text, numbers);
  const isReady = file !== undefined && file.faults.length === 0 && file.changes.length > 0;

  const apply = useMutation({
    mutationFn: (changes: readonly Change[]) => applyChanges(api, changes),
    onSettled: () => refreshNumbers(queries, organizationId),
    onSuccess: (_, changes) => {
      toasts.show({ kind: "success", message: texts.mappingFile.applied(changes.length) });
      onClose();
    },
  });

  return (
    <Dialog
      title={texts.mappingFile.title}
      onClose={onClose}
      wide
      actions={
        <>
          <Button onClick={onClose}>{texts.dialog.close}</Button>
          {mayChange && (
            <Button
              kind="primary"
              disabled={!isReady || apply.isPending}
              onClick={() => file !== undefined && apply.mutate(file.changes)}
            >
              {texts.mappingFile.submit(file?.changes.length ?? 0)}
            </Button>
          )}
        </>
      }
    >
      <section className={styles.part}>
        <h3>{texts.mappingFile.save}</h3>
        <p className={styles.quiet}>{texts.mappingFile.format}</p>
        <Button onClick={() => saveCsv(`${organizationId}-mappings.csv`, mappingFile(numbers))}>
          {texts.mappingFile.download}
        </Button>
      </section>
      {mayChange ? (
        <section className={styles.part}>
          <h3>
            <label htmlFor={field}>{texts.mappingFile.load}</label>
          </h3>
          <p className={styles.quiet}>{texts.mappingFile.explanation}</p>
          <input
            id={field}
            type="file"
            accept=".csv,text/csv"
            onChange={async (event) => setText(await event.target.files?.[0]?.text())}
          />
        </section>
      ) : (
        <p>{texts.numbers.readOnly}</p>
      )}
      {file !== undefined && <Difference {...file} />}
      {apply.error !== null && (
        <Notice kind="error">
          <p>{texts.mappingFile.stopped}</p>
          <FailureText failure={failureOf(apply.error)} />
        </Notice>
      )}
    </Dialog>
  );
}

function Difference({ changes, faults, unchanged }: ReturnType<typeof readMappingFile>) {
  if (faults.length > 0) {
    return (
      <Notice kind="error">
        <p>{texts.mappingFile.faults(faults.length)}</p>
        <ul className={styles.list}>
          {faults.slice(0, 100).map(({ line, description }) => (
            <li key={`${line} ${description}`}>
              <strong>{texts.mappingFile.line(line)}</strong> {description}
            </li>
          ))}
        </ul>
      </Notice>
    );
  }
  if (changes.length === 0) return <Notice kind="info">{texts.mappingFile.nothing}</Notice>;
  return (
    <section className={styles.part} aria-live="polite">
      <h3>{texts.mappingFile.changes(changes.length, unchanged)}</h3>
      <ul className={styles.list}>
        {changes.map(({ number, added, removed }) => (
          <li key={number.phoneNumber} className={styles.change}>
            <strong>{phoneNumber(number.phoneNumber)}</strong>
            {added.length > 0 && <ins>+ {added.join(", ")}</ins>}
            {removed.length > 0 && <del>− {removed.join(", ")}</del>}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Maps and unmaps. Both may be repeated, so a file that was applied in part is applied again. */
async function applyChanges(api: Api, changes: readonly Change[]): Promise<void> {
  for (const { number, added, removed } of changes) {
    const { organizationId, phoneNumber: which } = number;
    for (const areaCodes of inParts(added)) {
      await api.numbers.mapAreaCodes({ organizationId, phoneNumber: which, areaCodes });
    }
    for (const areaCodes of inParts(removed)) {
      await api.numbers.unmapAreaCodes({ organizationId, phoneNumber: which, areaCodes });
    }
  }
}

function inParts(codes: readonly string[]): string[][] {
  const parts: string[][] = [];
  for (let start = 0; start < codes.length; start += CALL_SIZE) parts.push(codes.slice(start, start + CALL_SIZE));
  return parts;
}
