import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { ReconcileNumbersResponse } from "#gen/localdial/v1/number_inventory_pb";
import { failureOf } from "../api/failure";
import { refreshNumbers } from "../numbers/queries";
import { useSession } from "../session/session";
import { useOrganizationId } from "../shell/organization";
import { money, texts } from "../texts";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { phoneNumber } from "../ui/format";
import { Notice } from "../ui/Notice";
import { FailureText } from "../ui/States";
import { type Finding, findingsOf, repairableCount } from "./findings";
import styles from "./HealthView.module.css";

/** Compares the numbers with the carrier when the user asks for it. */
export function CarrierCheck() {
  const { api, mayChange } = useSession();
  const organizationId = useOrganizationId();
  const queries = useQueryClient();
  const [isAsking, setIsAsking] = useState(false);
  const compare = useMutation({
    mutationFn: (configure: boolean) => api.numbers.reconcileNumbers({ organizationId, configure }),
    onSettled: () => refreshNumbers(queries, organizationId),
  });
  const repairable = compare.data === undefined ? 0 : repairableCount(compare.data);
  return (
    <section className={styles.part}>
      <h2>{texts.carrierCheck.title}</h2>
      <p className={styles.quiet}>{texts.carrierCheck.explanation}</p>
      {mayChange ? (
        <div className={styles.buttons}>
          <Button disabled={compare.isPending} onClick={() => compare.mutate(false)}>
            {compare.data === undefined ? texts.carrierCheck.submit : texts.carrierCheck.again}
          </Button>
          {repairable > 0 && (
            <Button disabled={compare.isPending} onClick={() => setIsAsking(true)}>
              {texts.carrierCheck.repair(repairable)}
            </Button>
          )}
        </div>
      ) : (
        <p>{texts.carrierCheck.readOnly}</p>
      )}
      {compare.isPending && <Notice kind="info">{texts.carrierCheck.running}</Notice>}
      {compare.error !== null && (
        <Notice kind="error">
          <FailureText failure={failureOf(compare.error)} />
        </Notice>
      )}
      {compare.data !== undefined && <Findings response={compare.data} comparedAt={compare.submittedAt} />}
      {isAsking && (
        <RepairDialog
          count={repairable}
          onRepair={() => {
            setIsAsking(false);
            compare.mutate(true);
          }}
          onClose={() => setIsAsking(false)}
        />
      )}
    </section>
  );
}

function Findings({ response, comparedAt }: { response: ReconcileNumbersResponse; comparedAt: number }) {
  const findings = findingsOf(response);
  const costs = response.monthlyCosts.filter(({ currencyCode }) => currencyCode).map(money);
  return (
    <div className={styles.findings}>
      <p className={styles.quiet}>
        {texts.carrierCheck.checkedAt(comparedAt)} {costs.length > 0 && texts.carrierCheck.cost(costs.join(" + "))}
      </p>
      {response.callbackWarning && <Notice kind="warning">{response.callbackWarning}</Notice>}
      {findings.length === 0 && <Notice kind="success">{texts.carrierCheck.same}</Notice>}
      {findings.map((finding) => (
        <Found key={finding.text} finding={finding} />
      ))}
    </div>
  );
}

/** As many numbers as are listed of each finding. */
const SHOWN = 50;

function Found({ finding: { kind, text, numbers, count } }: { finding: Finding }) {
  const shown = numbers.slice(0, SHOWN);
  return (
    <Notice kind={kind}>
      <p>{text}</p>
      <ul className={styles.numbers}>
        {shown.map(({ phoneNumber: number, note }) => (
          <li key={number}>
            <strong>{phoneNumber(number)}</strong> {note}
          </li>
        ))}
        {count > shown.length && <li>{texts.carrierCheck.more(count - shown.length)}</li>}
      </ul>
    </Notice>
  );
}

interface RepairProps {
  count: number;
  onRepair: () => void;
  onClose: () => void;
}

/** Asks before settings at the carrier are replaced. */
function RepairDialog({ count, onRepair, onClose }: RepairProps) {
  return (
    <Dialog
      title={texts.carrierCheck.repairTitle}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{texts.dialog.cancel}</Button>
          <Button kind="primary" onClick={onRepair}>
            {texts.carrierCheck.repairSubmit}
          </Button>
        </>
      }
    >
      <p>{texts.carrierCheck.repairExplained(count)}</p>
    </Dialog>
  );
}
