import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import type { User } from "#gen/localdial/v1/directory_pb";
import { failureOf } from "../api/failure";
import { useSession } from "../session/session";
import { useOrganizationId } from "../shell/organization";
import { texts } from "../texts";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { e164 } from "../ui/e164";
import { Field } from "../ui/Field";
import { phoneNumber } from "../ui/format";
import { Notice } from "../ui/Notice";
import { FailureText } from "../ui/States";
import { useToasts } from "../ui/Toasts";
import styles from "./PeopleView.module.css";
import { refreshUsers } from "./queries";
import { byField } from "./user_failure";

interface Props {
  /** The user to change. Without one, a user is added. */
  user?: User;
  users: readonly User[];
  onClose: () => void;
}

const FIELDS = ["user_id", "display_name", "work_phone", "caller_id"];

/** Adds or changes a user. */
export function UserDialog({ user, users, onClose }: Props) {
  const { api } = useSession();
  const organizationId = useOrganizationId();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [userId, setUserId] = useState(user?.userId ?? "");
  const [displayName, setDisplayName] = useState(user?.displayName ?? "");
  const [workPhone, setWorkPhone] = useState(phoneNumber(user?.workPhone ?? ""));
  const [callerId, setCallerId] = useState(phoneNumber(user?.callerId ?? ""));
  const [idError, setIdError] = useState<string>();
  const form = useId();

  const save = useMutation({
    mutationFn: () =>
      api.directory.setUser({
        user: {
          organizationId,
          userId: userId.trim(),
          displayName,
          workPhone: e164(workPhone) ?? workPhone.trim(),
          callerId: e164(callerId) ?? callerId.trim(),
        },
      }),
    onSuccess: async () => {
      await refreshUsers(queries, organizationId);
      const name = displayName.trim() || userId.trim();
      toasts.show({
        kind: "success",
        message: user === undefined ? texts.user.added(name) : texts.user.changed(name),
      });
      onClose();
    },
  });
  const { errors, rest } = byField(save.error === null ? undefined : failureOf(save.error), "user", FIELDS);

  function submit(event: FormEvent) {
    event.preventDefault();
    const problem = user === undefined ? idProblem(userId.trim(), users) : undefined;
    setIdError(problem);
    if (problem === undefined && !save.isPending) save.mutate();
  }

  return (
    <Dialog
      title={user === undefined ? texts.user.addTitle : texts.user.editTitle(user.displayName || user.userId)}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{texts.dialog.cancel}</Button>
          <Button kind="primary" type="submit" form={form} disabled={save.isPending}>
            {texts.user.save}
          </Button>
        </>
      }
    >
      <form id={form} className={styles.form} onSubmit={submit} noValidate>
        {user === undefined && (
          <Field
            label={texts.user.userId}
            value={userId}
            hint={texts.user.userIdHint}
            error={idError ?? errors.user_id}
            onChange={(event) => setUserId(event.target.value)}
          />
        )}
        <Field
          label={texts.user.name}
          value={displayName}
          error={errors.display_name}
          onChange={(event) => setDisplayName(event.target.value)}
        />
        <Field
          label={texts.user.workPhone}
          type="tel"
          value={workPhone}
          hint={texts.user.workPhoneHint}
          error={errors.work_phone}
          onChange={(event) => setWorkPhone(event.target.value)}
        />
        <Field
          label={texts.user.callerId}
          type="tel"
          value={callerId}
          hint={texts.user.callerIdHint}
          error={errors.caller_id}
          onChange={(event) => setCallerId(event.target.value)}
        />
      </form>
      {rest !== undefined && (
        <Notice kind="error">
          <FailureText failure={rest} />
        </Notice>
      )}
    </Dialog>
  );
}

function idProblem(userId: string, users: readonly User[]): string | undefined {
  if (!userId) return texts.user.idMissing;
  // The server would replace that user.
  return users.some((each) => each.userId === userId) ? texts.user.idTaken(userId) : undefined;
}
