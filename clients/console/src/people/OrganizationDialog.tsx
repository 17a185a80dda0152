import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import type { Organization } from "#gen/localdial/v1/directory_pb";
import { failureOf } from "../api/failure";
import { useSession } from "../session/session";
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
import { byField } from "./user_failure";

const FIELDS = ["display_name", "organization_number"];

/** Changes the name and the number of the organization. */
export function OrganizationDialog({ organization, onClose }: { organization: Organization; onClose: () => void }) {
  const { api } = useSession();
  const queries = useQueryClient();
  const toasts = useToasts();
  const { organizationId } = organization;
  const [displayName, setDisplayName] = useState(organization.displayName);
  const [number, setNumber] = useState(phoneNumber(organization.organizationNumber));
  const form = useId();

  const save = useMutation({
    mutationFn: () =>
      api.directory.setOrganization({
        organization: { organizationId, displayName, organizationNumber: e164(number) ?? number.trim() },
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["organization", organizationId], exact: true });
      toasts.show({ kind: "success", message: texts.organization.saved });
      onClose();
    },
  });
  const failure = save.error === null ? undefined : failureOf(save.error);
  const { errors, rest } = byField(failure, "organization", FIELDS);

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!save.isPending) save.mutate();
  }

  return (
    <Dialog
      title={texts.organization.title}
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
        <Field
          label={texts.organization.name}
          value={displayName}
          error={errors.display_name}
          onChange={(event) => setDisplayName(event.target.value)}
        />
        <Field
          label={texts.organization.phone}
          type="tel"
          value={number}
          hint={texts.organization.phoneHint}
          error={errors.organization_number}
          onChange={(event) => setNumber(event.target.value)}
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
