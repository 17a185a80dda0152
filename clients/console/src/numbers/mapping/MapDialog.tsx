import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import type { LocalPresenceNumber } from "#gen/localdial/v1/number_pb";
import { failureOf } from "../../api/failure";
import { AreaCodeField } from "../../area_codes/AreaCodeField";
import { isAreaCode } from "../../area_codes/search";
import { useSession } from "../../session/session";
import { texts } from "../../texts";
import { Button } from "../../ui/Button";
import { Chip } from "../../ui/Chip";
import { Dialog } from "../../ui/Dialog";
import { count, phoneNumber } from "../../ui/format";
import { Notice } from "../../ui/Notice";
import { FailureText } from "../../ui/States";
import { useToasts } from "../../ui/Toasts";
import { putNumber, useUsage } from "../queries";
import { callsWithoutLocal } from "../rows";
import styles from "./MapDialog.module.css";
import { MappedAreaCodes } from "./MappedAreaCodes";
import { suggestionsFor } from "./suggestions";

interface Props {
  number: LocalPresenceNumber;
  /** All numbers of the organization. */
  owned: readonly LocalPresenceNumber[];
  onClose: () => void;
}

/** Maps area codes to a number. */
export function MapDialog({ number, owned, onClose }: Props) {
  const { api } = useSession();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [wrong, setWrong] = useState<string>();
  const form = useId();
  const called = callsWithoutLocal(useUsage().data);
  const { organizationId } = number;
  const name = phoneNumber(number.phoneNumber);
  const suggestions = suggestionsFor(number, owned, called);

  const map = useMutation({
    mutationFn: (areaCodes: readonly string[]) =>
      api.numbers.mapAreaCodes({ organizationId, phoneNumber: number.phoneNumber, areaCodes: [...areaCodes] }),
    onSuccess: (response, areaCodes) => {
      if (response.number !== undefined) putNumber(queries, response.number);
      toasts.show({ kind: "success", message: texts.mapping.mapped(areaCodes, name) });
      onClose();
    },
  });

  /** Adds what is typed or pasted: one area code, or several. Returns all that are chosen, or nothing if one is wrong. */
  function add(text: string): readonly string[] | undefined {
    const codes = text.split(/[\s,;]+/).filter(Boolean);
    const invalid = codes.filter((code) => !isAreaCode(code) || code === number.areaCode);
    setWrong(invalid.length > 0 ? texts.mapping.invalid(invalid, number.areaCode) : undefined);
    if (invalid.length > 0) return undefined;
    const all = [...new Set([...chosen, ...codes])];
    setChosen(all);
    setTyped("");
    return all;
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    const all = add(typed);
    if (all !== undefined && all.length > 0) map.mutate(all);
  }

  return (
    <Dialog
      title={texts.mapping.title(name)}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{texts.dialog.cancel}</Button>
          <Button kind="primary" type="submit" form={form} disabled={map.isPending}>
            {texts.mapping.submit(chosen.length)}
          </Button>
        </>
      }
    >
      <p className={styles.quiet}>{texts.mapping.explanation(name)}</p>
      {number.mappedAreaCodes.length > 0 && (
        <section className={styles.group}>
          <h3>{texts.mapping.already}</h3>
          <MappedAreaCodes number={number} all />
        </section>
      )}
      <form id={form} className={styles.form} onSubmit={submit}>
        <AreaCodeField
          label={texts.mapping.areaCodes}
          value={typed}
          onChange={(value) => {
            setWrong(undefined);
            // A separator ends an area code.
            if (/[\s,;]$/.test(value)) add(value);
            else setTyped(value);
          }}
          onChoose={add}
          called={called}
          error={wrong}
          hint={<p className={styles.quiet}>{texts.mapping.hint}</p>}
        />
        {chosen.length > 0 && (
          <section className={styles.group}>
            <h3>{texts.mapping.chosen}</h3>
            <div className={styles.chips}>
              {chosen.map((code) => (
                <Chip
                  key={code}
                  removeLabel={texts.mapping.doNotAdd(code)}
                  onRemove={() => setChosen(chosen.filter((each) => each !== code))}
                >
                  {code}
                </Chip>
              ))}
            </div>
          </section>
        )}
        <Suggested title={texts.mapping.overlays(number.areaCode)} codes={suggestions.overlays} {...{ chosen, add }} />
        <Suggested
          title={texts.mapping.called}
          codes={suggestions.called}
          note={(code) => texts.areaCodes.calls(count(called.get(code) ?? 0))}
          {...{ chosen, add }}
        />
      </form>
      {map.error !== null && (
        <Notice kind="error">
          <FailureText failure={failureOf(map.error)} />
        </Notice>
      )}
    </Dialog>
  );
}

interface SuggestedProps {
  title: string;
  codes: readonly string[];
  chosen: readonly string[];
  add: (code: string) => void;
  note?: (code: string) => string;
}

function Suggested({ title, codes, chosen, add, note }: SuggestedProps) {
  const left = codes.filter((code) => !chosen.includes(code));
  if (left.length === 0) return null;
  return (
    <section className={styles.group}>
      <h3>{title}</h3>
      <div className={styles.chips}>
        {left.map((code) => (
          <Button key={code} onClick={() => add(code)}>
            {texts.mapping.add(code)} {note !== undefined && <span className={styles.quiet}>{note(code)}</span>}
          </Button>
        ))}
      </div>
    </section>
  );
}
