/** Short messages about what has happened. They are read aloud, and errors stay until they are closed. */

import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from "react";
import { newId } from "../api/ids";
import { texts } from "../texts";
import { Button } from "./Button";
import styles from "./Toasts.module.css";

export type ToastKind = "success" | "progress" | "warning" | "error";

export interface Toast {
  readonly kind: ToastKind;
  readonly message: string;
  /** What the user can do about it, such as Undo. */
  readonly actions?: readonly { readonly label: string; readonly run: () => void }[];
}

interface Shown extends Toast {
  readonly id: string;
}

interface Toasts {
  /** Shows a toast, in place of the one with the same `id` if there is one. */
  readonly show: (toast: Toast, id?: string) => void;
  readonly close: (id: string) => void;
}

/** Good news disappears by itself after so long; it is read aloud anyway. What can be undone stays longer. */
const SUCCESS_MS = 8_000;
const UNDO_MS = 20_000;

const Current = createContext<Toasts | undefined>(undefined);

export function useToasts(): Toasts {
  const toasts = useContext(Current);
  if (toasts === undefined) throw new Error("no ToastProvider");
  return toasts;
}

export function ToastProvider({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<readonly Shown[]>([]);
  const close = useCallback((id: string) => setShown((all) => all.filter((each) => each.id !== id)), []);
  const show = useCallback((toast: Toast, id: string = newId()) => {
    const added = { ...toast, id };
    setShown((all) => [...all.filter((each) => each.id !== id), added]);
    if (toast.kind === "success") {
      // A later toast with the same id stays.
      const stays = toast.actions === undefined ? SUCCESS_MS : UNDO_MS;
      setTimeout(() => setShown((all) => all.filter((each) => each !== added)), stays);
    }
  }, []);
  const toasts = useMemo(() => ({ show, close }), [show, close]);
  return (
    <Current value={toasts}>
      {children}
      <section
        className={styles.list}
        aria-label={texts.toasts.label}
        aria-live="polite"
        aria-relevant="additions text"
      >
        {shown.map(({ id, kind, message, actions = [] }) => (
          <div key={id} className={`${styles.toast} ${styles[kind]}`} role={kind === "error" ? "alert" : undefined}>
            <p>{message}</p>
            {actions.map(({ label, run }) => (
              <Button
                key={label}
                kind="quiet"
                onClick={() => {
                  close(id);
                  run();
                }}
              >
                {label}
              </Button>
            ))}
            <Button kind="quiet" aria-label={texts.toasts.close} onClick={() => close(id)}>
              ✕
            </Button>
          </div>
        ))}
      </section>
    </Current>
  );
}
