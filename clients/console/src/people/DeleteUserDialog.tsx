import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { User } from "#gen/localdial/v1/directory_pb";
import { failureOf } from "../api/failure";
import { useSession } from "../session/session";
import { texts } from "../texts";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Notice } from "../ui/Notice";
import { FailureText } from "../ui/States";
import { useToasts } from "../ui/Toasts";
import styles from "./PeopleView.module.css";
import { refreshUsers } from "./queries";

/** Asks before a user is deleted, and deletes the user. */
export function DeleteUserDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const { api } = useSession();
  const queries = useQueryClient();
  const toasts = useToasts();
  const { organizationId, userId } = user;
  const name = user.displayName || userId;
  const remove = useMutation({
    mutationFn: async () => {
      try {
        await api.directory.deleteUser({ organizationId, userId });
      } catch (error) {
        // Somebody else may have deleted the user since.
        if (failureOf(error).reason !== "USER_NOT_FOUND") throw error;
      }
    },
    onSuccess: async () => {
      await refreshUsers(queries, organizationId);
      toasts.show({ kind: "success", message: texts.user.deleted(name) });
      onClose();
    },
  });
  return (
    <Dialog
      title={texts.user.deleteTitle(name)}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{texts.dialog.cancel}</Button>
          <Button kind="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
            {texts.user.submitDelete}
          </Button>
        </>
      }
    >
      <ul className={styles.consequences}>
        {texts.user.consequences.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
      {remove.error !== null && (
        <Notice kind="error">
          <FailureText failure={failureOf(remove.error)} />
        </Notice>
      )}
    </Dialog>
  );
}
