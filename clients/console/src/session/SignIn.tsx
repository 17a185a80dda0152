import { type FormEvent, useState } from "react";
import { texts } from "../texts";
import { Button } from "../ui/Button";
import styles from "./SignIn.module.css";

/** Asks for an API key. `refused`: the server has just refused the last one. */
export function SignIn({ onKey, refused }: { onKey: (key: string) => void; refused: boolean }) {
  const [key, setKey] = useState("");

  function submit(event: FormEvent) {
    event.preventDefault();
    if (key.trim()) onKey(key.trim());
  }

  return (
    <main className={styles.page}>
      <form className={styles.form} onSubmit={submit}>
        <h1>{texts.signIn.title}</h1>
        <p>{texts.signIn.explanation}</p>
        <label>
          {texts.signIn.key}
          <input
            type="password"
            autoComplete="off"
            spellCheck={false}
            placeholder="ldk_…"
            value={key}
            onChange={(event) => setKey(event.target.value)}
            aria-invalid={refused}
            aria-describedby={refused ? "refused" : undefined}
            // biome-ignore lint/a11y/noAutofocus: the only field of the page
            autoFocus
          />
        </label>
        {refused && (
          <p id="refused" role="alert" className={styles.refused}>
            {texts.signIn.refused}
          </p>
        )}
        <Button kind="primary" type="submit">
          {texts.signIn.submit}
        </Button>
      </form>
    </main>
  );
}
