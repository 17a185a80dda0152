import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { type LocalPresenceNumber, NumberState } from "#gen/localdial/v1/number_pb";
import { failureOf } from "../../api/failure";
import { useSession } from "../../session/session";
import { texts } from "../../texts";
import { Chip } from "../../ui/Chip";
import { phoneNumber } from "../../ui/format";
import { useToasts } from "../../ui/Toasts";
import { putNumber } from "../queries";
import { useDialog } from "../use_dialog";
import styles from "./MappedAreaCodes.module.css";

/** As many area codes as a row shows. The dialog of the mappings shows them all. */
const SHOWN = 6;

/** The area codes that are mapped to a number. Each can be removed, and the removal undone. */
export function MappedAreaCodes({ number, all = false }: { number: LocalPresenceNumber; all?: boolean }) {
  const { mayChange } = useSession();
  const { open } = useDialog();
  const unmap = useUnmap(number);
  const shown = all ? number.mappedAreaCodes : number.mappedAreaCodes.slice(0, SHOWN);
  const more = number.mappedAreaCodes.length - shown.length;
  const isActive = number.state === NumberState.ACTIVE;
  const name = phoneNumber(number.phoneNumber);
  const chips = useRef<HTMLDivElement>(null);

  function remove(code: string) {
    // The focus stays near the button that disappears.
    chips.current?.focus();
    unmap.mutate(code);
  }

  return (
    <div ref={chips} className={styles.chips} tabIndex={-1}>
      {shown.map((code) => (
        <Chip
          key={code}
          removeLabel={texts.mapping.remove(code, name)}
          disabled={unmap.isPending}
          onRemove={mayChange && isActive ? () => remove(code) : undefined}
        >
          {code}
        </Chip>
      ))}
      {!all &&
        (mayChange && isActive ? (
          <button
            type="button"
            className={styles.add}
            aria-label={more > 0 ? texts.mapping.showAll(name, more) : texts.mapping.addTo(name)}
            onClick={() => open("map", { about: number.phoneNumber })}
          >
            {more > 0 ? texts.mapping.more(more) : "+"}
          </button>
        ) : (
          more > 0 && <span>{texts.mapping.more(more)}</span>
        ))}
    </div>
  );
}

function useUnmap({ organizationId, phoneNumber: number }: LocalPresenceNumber) {
  const { api } = useSession();
  const queries = useQueryClient();
  const toasts = useToasts();
  const name = phoneNumber(number);
  const fail = (error: Error) =>
    toasts.show({ kind: "error", message: texts.failure.whole(failureOf(error)) }, `unmap ${number}`);

  async function undo(code: string) {
    try {
      const response = await api.numbers.mapAreaCodes({ organizationId, phoneNumber: number, areaCodes: [code] });
      if (response.number !== undefined) putNumber(queries, response.number);
      toasts.show({ kind: "success", message: texts.mapping.restored(code, name) }, `unmap ${number}`);
    } catch (error) {
      fail(error as Error);
    }
  }

  return useMutation({
    mutationFn: (code: string) =>
      api.numbers.unmapAreaCodes({ organizationId, phoneNumber: number, areaCodes: [code] }),
    onSuccess: (response, code) => {
      if (response.number !== undefined) putNumber(queries, response.number);
      toasts.show(
        {
          kind: "success",
          message: texts.mapping.removed(code, name),
          actions: [{ label: texts.undo, run: () => void undo(code) }],
        },
        `unmap ${number}`,
      );
    },
    onError: fail,
  });
}
