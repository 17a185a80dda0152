import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { NumberState } from "#gen/localdial/v1/number_pb";
import { useUsers } from "../../people/queries";
import { useSession } from "../../session/session";
import { useOrganizationId } from "../../shell/organization";
import { useOrganization } from "../../shell/use_organization";
import { texts } from "../../texts";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { phoneNumber } from "../../ui/format";
import { Notice } from "../../ui/Notice";
import { FailureText } from "../../ui/States";
import { useToasts } from "../../ui/Toasts";
import { refreshNumbers } from "../queries";
import { costOf, EXTERNAL, type NumberRow } from "../rows";
import styles from "./DeleteDialog.module.css";
import { type Deleted, deleteAll, deletionsOf } from "./deletion";

/** From more numbers than this, their count must be typed. */
const TYPED_ABOVE = 10;

interface Props {
  rows: readonly NumberRow[];
  /** Is told which numbers are deleted. */
  onDeleted: (phoneNumbers: readonly string[]) => void;
  onClose: () => void;
}

/** Asks before numbers are deleted, and deletes them. */
export function DeleteDialog({ rows, onDeleted, onClose }: Props) {
  const { api } = useSession();
  const organizationId = useOrganizationId();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [calls, setCalls] = useState(() =>
    deletionsOf(
      organizationId,
      rows.map(({ number }) => number.phoneNumber),
    ),
  );
  // What is deleted disappears from the list around, but not from here.
  const [listed] = useState(rows);
  const [typed, setTyped] = useState("");
  const [result, setResult] = useState<Deleted>();
  const form = useId();
  const isConfirmed = listed.length <= TYPED_ABOVE || typed.trim() === String(listed.length);

  const remove = useMutation({
    mutationFn: () => deleteAll(api, calls),
    onSuccess: (deleted) => {
      refreshNumbers(queries, organizationId);
      onDeleted(deleted.numbers.map((number) => number.phoneNumber));
      setResult(deleted);
      setCalls([...deleted.open]);
      if (deleted.numbers.length > 0) toasts.show(toastOf(deleted));
      if (deleted.failures.length === 0 && deleted.open.length === 0) onClose();
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    if (isConfirmed && !remove.isPending && calls.length > 0) remove.mutate();
  }

  return (
    <Dialog
      title={texts.deletion.title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{result === undefined ? texts.dialog.cancel : texts.dialog.close}</Button>
          {calls.length > 0 && (
            <Button kind="danger" type="submit" form={form} disabled={!isConfirmed || remove.isPending}>
              {result === undefined ? texts.deletion.submit(listed.length) : texts.states.retry}
            </Button>
          )}
        </>
      }
    >
      <form id={form} className={styles.form} onSubmit={submit}>
        <p>{texts.deletion.question(listed.length)}</p>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
        <ul className={styles.numbers} tabIndex={0} aria-label={texts.deletion.numbers}>
          {listed.map(({ number, place, shownInDays }) => (
            <li key={number.phoneNumber}>
              <span>
                <strong>{phoneNumber(number.phoneNumber)}</strong> {place}
              </span>
              <span className={styles.quiet}>
                {shownInDays !== undefined && texts.deletion.shownInDays(shownInDays)}
              </span>
            </li>
          ))}
        </ul>
        <Consequences rows={listed} />
        <StillShown rows={listed} />
        {listed.length > TYPED_ABOVE && (
          <label className={styles.typed}>
            {texts.deletion.type(listed.length)}
            <input
              inputMode="numeric"
              autoComplete="off"
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
            />
          </label>
        )}
      </form>
      {result !== undefined && <Failures result={result} />}
    </Dialog>
  );
}

/** What happens with the numbers, their mappings, call-backs and cost. */
function Consequences({ rows }: { rows: readonly NumberRow[] }) {
  const numbers = rows.map(({ number }) => number);
  const external = numbers.filter(({ carrier }) => carrier === EXTERNAL).length;
  const mapped = numbers.reduce((sum, { mappedAreaCodes }) => sum + mappedAreaCodes.length, 0);
  const shown = rows.reduce((sum, { shownInDays = 0 }) => sum + shownInDays, 0);
  return (
    <ul className={styles.consequences}>
      {external < numbers.length && <li>{texts.deletion.released(numbers.length - external)}</li>}
      {external > 0 && <li>{texts.deletion.forgotten(external)}</li>}
      <li>{texts.deletion.callBacks(numbers.length, shown)}</li>
      {mapped > 0 && <li>{texts.deletion.mappings(mapped)}</li>}
      <li>
        <strong>{texts.deletion.saved(costOf(numbers))}</strong>
      </li>
    </ul>
  );
}

/** A number that is also somebody's caller ID would still be shown, and nobody could call it back. */
function StillShown({ rows }: { rows: readonly NumberRow[] }) {
  const users = useUsers();
  const organization = useOrganization(useOrganizationId());
  const deleted = new Set(rows.map(({ number }) => number.phoneNumber));
  const names = (users.data ?? [])
    .filter(({ callerId }) => deleted.has(callerId))
    .map((user) => texts.deletion.callerIdOf(phoneNumber(user.callerId), user.displayName || user.userId));
  const own = organization.data?.organizationNumber ?? "";
  if (deleted.has(own)) names.push(texts.deletion.organizationNumber(phoneNumber(own)));
  if (names.length === 0) return null;
  return (
    <Notice kind="warning">
      <p>{texts.deletion.stillShown}</p>
      <ul className={styles.consequences}>
        {names.map((name) => (
          <li key={name}>{name}</li>
        ))}
      </ul>
    </Notice>
  );
}

function Failures({ result }: { result: Deleted }) {
  return (
    <Notice kind="error">
      {result.openFailure !== undefined && <FailureText failure={result.openFailure} />}
      {result.failures.length > 0 && (
        <>
          <p>{texts.deletion.notDeleted(result.failures.length)}</p>
          <ul className={styles.consequences}>
            {result.failures.map(({ phoneNumber: number, failure }) => (
              <li key={number}>
                <strong>{phoneNumber(number)}</strong>: {texts.failure.explain(failure)}
              </li>
            ))}
          </ul>
        </>
      )}
    </Notice>
  );
}

function toastOf({ numbers }: Deleted) {
  const releasing = numbers.filter(({ state }) => state === NumberState.RELEASING).length;
  return {
    kind: releasing > 0 ? "warning" : "success",
    message: texts.deletion.deleted(numbers.length, releasing),
  } as const;
}
