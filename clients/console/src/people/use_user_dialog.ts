import { useSearchParams } from "wouter";
import { changed } from "../ui/url_state";

export type UserDialogName = "add" | "edit" | "delete" | "import" | "organization";

/** Returns which dialog is open, which is a part of the URL, the user whom it is about, and what opens and closes it. */
export function useUserDialog() {
  const [params, setParams] = useSearchParams();
  const show = (dialog: string, user: string) =>
    setParams((before) => changed(before, { dialog, user }), { replace: true });
  return {
    name: params.get("dialog") as UserDialogName | null,
    userId: params.get("user") ?? "",
    open: (dialog: UserDialogName, userId = "") => show(dialog, userId),
    close: () => show("", ""),
  };
}
