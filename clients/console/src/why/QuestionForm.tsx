import { type FormEvent, useRef, useState } from "react";
import { UserField } from "../people/UserField";
import { texts } from "../texts";
import { Button } from "../ui/Button";
import { e164 } from "../ui/e164";
import { Field } from "../ui/Field";
import { phoneNumber } from "../ui/format";
import { useFragment } from "../ui/fragment_state";
import { useSlashKey } from "../ui/slash_key";
import styles from "./QuestionForm.module.css";

/** Asks for a borrower's number and an agent. */
export function QuestionForm() {
  const [params, set] = useFragment();
  const [callee, setCallee] = useState(() => phoneNumber(params.get("callee") ?? ""));
  const [agent, setAgent] = useState(() => params.get("agent") ?? "");
  const [isSubmitted, setIsSubmitted] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useSlashKey(() => form.current?.querySelector("input")?.focus());
  const calleeNumber = e164(callee);

  function submit(event: FormEvent) {
    event.preventDefault();
    setIsSubmitted(true);
    if (calleeNumber !== undefined && agent) set({ callee: calleeNumber, agent }, { isStep: true });
  }

  return (
    <form ref={form} className={styles.form} onSubmit={submit} noValidate>
      <Field
        label={texts.why.callee}
        type="tel"
        inputMode="tel"
        value={callee}
        onChange={(event) => setCallee(event.target.value)}
        placeholder="(415) 555-0100"
        error={isSubmitted && calleeNumber === undefined ? texts.why.calleeMissing : undefined}
      />
      <UserField
        label={texts.why.agent}
        value={agent}
        onChange={setAgent}
        placeholder={texts.why.chooseAgent}
        error={isSubmitted && !agent ? texts.why.agentMissing : undefined}
      />
      <Button kind="primary" type="submit">
        {texts.why.submit}
      </Button>
    </form>
  );
}
