import type { ButtonHTMLAttributes, Ref } from "react";
import styles from "./Button.module.css";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: "primary" | "secondary" | "danger" | "quiet";
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ kind = "secondary", className, type = "button", ...rest }: Props) {
  return (
    <button type={type} className={[styles.button, styles[kind], className].filter(Boolean).join(" ")} {...rest} />
  );
}
