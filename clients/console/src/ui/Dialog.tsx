import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { texts } from "../texts";
import { Button } from "./Button";
import styles from "./Dialog.module.css";

interface Props {
  title: string;
  onClose: () => void;
  children: ReactNode;
  /** The buttons at the end. */
  actions?: ReactNode;
  wide?: boolean;
}

/** What has the focus at first: a field, or without one the first button at the end, which cancels. */
const FIRST_FIELD = "[data-body] :is(input:not([type=file], [type=checkbox]), select, textarea), footer button";

/**
 * A modal dialog. The browser's own element keeps the focus inside, closes on Esc, and returns the focus to where it
 * was.
 */
export function Dialog({ title, onClose, children, actions, wide = false }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // The browser gives the focus back only if the dialog is closed while it is still in the document.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    element?.querySelector<HTMLElement>(FIRST_FIELD)?.focus();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={wide ? styles.wide : styles.dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        // It closes when its owner no longer shows it.
        event.preventDefault();
        onClose();
      }}
    >
      <header className={styles.header}>
        <h2 id={id}>{title}</h2>
        <Button kind="quiet" aria-label={texts.dialog.close} onClick={onClose}>
          ✕
        </Button>
      </header>
      <div className={styles.body} data-body="">
        {children}
      </div>
      {actions !== undefined && <footer className={styles.actions}>{actions}</footer>}
    </dialog>
  );
}
