import { useCallback } from "react";
import { useSearchParams } from "wouter";
import { changed } from "../ui/url_state";

/** The dialogs of the numbers page. */
export type DialogName = "purchase" | "map" | "delete" | "import" | "mappings";

/** What a dialog is about: a number or an area code, and how many numbers to buy. */
interface Subject {
  about?: string;
  quantity?: string;
}

const CLOSED = { dialog: "", about: "", quantity: "" };

/** Returns which dialog is open, which is a part of the URL, and what opens and closes it. */
export function useDialog() {
  const [params, setParams] = useSearchParams();
  const open = useCallback(
    (dialog: DialogName, subject: Subject = {}) =>
      setParams((before) => changed(before, { ...CLOSED, dialog, ...subject }), { replace: true }),
    [setParams],
  );
  const close = useCallback(() => setParams((before) => changed(before, CLOSED), { replace: true }), [setParams]);
  return {
    name: params.get("dialog") as DialogName | null,
    about: params.get("about") ?? "",
    quantity: params.get("quantity") ?? "",
    open,
    close,
  };
}
