import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { type LocalPresenceNumber, NumberState } from "#gen/localdial/v1/number_pb";
import { failureOf } from "../api/failure";
import { areaCode as known } from "../area_codes/area_codes";
import { putNumber, useNumbers } from "../numbers/queries";
import { useSession } from "../session/session";
import { useOrganizationId } from "../shell/organization";
import { texts } from "../texts";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { phoneNumber } from "../ui/format";
import { Loaded } from "../ui/Loaded";
import { Notice } from "../ui/Notice";
import { FailureText } from "../ui/States";
import { useToasts } from "../ui/Toasts";
import { explanationsKey } from "./queries";
import styles from "./WhyView.module.css";

/** Maps an area code to a number that the user chooses. */
export function MapAreaCodeDialog({ areaCode, onClose }: { areaCode: string; onClose: () => void }) {
  const { api } = useSession();
  const organizationId = useOrganizationId();
  const queries = useQueryClient();
  const toasts = useToasts();
  const numbers = useNumbers();
  const [chosen, setChosen] = useState("");
  const form = useId();
  const active = (numbers.data ?? []).filter(({ state }) => state === NumberState.ACTIVE);
  const { near, far } = byDistance(active, areaCode);
  const number = chosen || [...near, ...far][0]?.phoneNumber;

  const map = useMutation({
    mutationFn: (phone: string) =>
      api.numbers.mapAreaCodes({ organizationId, phoneNumber: phone, areaCodes: [areaCode] }),
    onSuccess: (response, phone) => {
      if (response.number !== undefined) putNumber(queries, response.number);
      void queries.invalidateQueries({ queryKey: explanationsKey(organizationId) });
      toasts.show({ kind: "success", message: texts.why.mapping.done(areaCode, phoneNumber(phone)) });
      onClose();
    },
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    if (number !== undefined) map.mutate(number);
  }

  return (
    <Dialog
      title={texts.why.mapping.title(areaCode)}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{texts.dialog.cancel}</Button>
          <Button kind="primary" type="submit" form={form} disabled={number === undefined || map.isPending}>
            {texts.why.mapping.submit}
          </Button>
        </>
      }
    >
      <p className={styles.quiet}>{texts.why.mapping.explanation(areaCode)}</p>
      <Loaded query={numbers}>
        {() =>
          active.length === 0 ? (
            <Notice kind="info">{texts.why.mapping.none}</Notice>
          ) : (
            <form id={form} onSubmit={submit}>
              <label className={styles.choice}>
                {texts.why.mapping.number}
                <select value={number} onChange={(event) => setChosen(event.target.value)}>
                  <Options label={texts.why.mapping.sameArea} numbers={near} />
                  <Options label={texts.why.mapping.other} numbers={far} />
                </select>
              </label>
            </form>
          )
        }
      </Loaded>
      {map.error !== null && (
        <Notice kind="error">
          <FailureText failure={failureOf(map.error)} />
        </Notice>
      )}
    </Dialog>
  );
}

function Options({ label, numbers }: { label: string; numbers: readonly LocalPresenceNumber[] }) {
  if (numbers.length === 0) return null;
  return (
    <optgroup label={label}>
      {numbers.map(({ phoneNumber: number, locality, region }) => (
        <option key={number} value={number}>
          {[phoneNumber(number), locality, region].filter(Boolean).join(", ")}
        </option>
      ))}
    </optgroup>
  );
}

/** Returns the numbers that lie in the same area or state as the area code, and the others. */
export function byDistance(numbers: readonly LocalPresenceNumber[], areaCode: string) {
  const { overlays = [], place } = known(areaCode) ?? {};
  const isOverlay = (number: LocalPresenceNumber) => overlays.includes(number.areaCode);
  const isNear = (number: LocalPresenceNumber) =>
    isOverlay(number) || (place !== undefined && known(number.areaCode)?.place === place);
  const near = numbers.filter(isNear);
  return {
    near: [...near.filter(isOverlay), ...near.filter((number) => !isOverlay(number))],
    far: numbers.filter((number) => !isNear(number)),
  };
}
