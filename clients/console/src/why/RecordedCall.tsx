import { AuditEventKind } from "#gen/localdial/v1/administration_pb";
import {
  CallerIdReason,
  DestinationReason,
  InventoryMembership,
  type RecordedCallExplanation,
} from "#gen/localdial/v1/call_routing_pb";
import { failureOfStatus } from "../api/failure";
import { useUserNames } from "../people/queries";
import { texts } from "../texts";
import { minute, phoneNumber } from "../ui/format";
import styles from "./WhyView.module.css";

/** A call that was made: what was shown, and what has become of it. */
export function RecordedCall({ recorded }: { recorded: RecordedCallExplanation }) {
  const nameOf = useUserNames();
  const { call, wasInInventory, changes } = recorded;
  if (call === undefined) return null;
  return (
    <section className={styles.part}>
      <h2>{texts.why.call.title}</h2>
      <p>{texts.why.call.shown(nameOf(call.userId), phoneNumber(call.calleeNumber), minute(call.callTime))}</p>
      <dl className={styles.facts}>
        <dt>{texts.why.call.callerId}</dt>
        <dd>
          <strong>{phoneNumber(call.callerId)}</strong>
        </dd>
        <dt>{texts.why.call.because}</dt>
        <dd>{texts.why.rule[CallerIdReason[call.reason] as keyof typeof texts.why.rule]}</dd>
        <dt>{texts.why.call.inventory}</dt>
        <dd>
          {texts.why.call.membership[InventoryMembership[wasInInventory] as keyof typeof texts.why.call.membership]}
        </dd>
        <dt>{texts.why.call.callBack}</dt>
        <dd>
          <CallBack recorded={recorded} nameOf={nameOf} />
        </dd>
        <dt>{texts.why.call.changes}</dt>
        <dd>
          {changes.length === 0 ? (
            texts.why.call.noChanges
          ) : (
            <ul className={styles.changes}>
              {changes.map(({ eventTime, kind, subject }, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the record of changes only grows at its other end
                <li key={changes.length - index}>
                  <span className={styles.quiet}>{minute(eventTime)}</span>{" "}
                  {texts.why.change[AuditEventKind[kind] ?? ""] ?? texts.why.change.UNSPECIFIED}
                  {subject && `: ${subject.startsWith("+") ? phoneNumber(subject) : nameOf(subject)}`}
                </li>
              ))}
            </ul>
          )}
        </dd>
      </dl>
    </section>
  );
}

interface CallBackProps {
  recorded: RecordedCallExplanation;
  nameOf: (userId: string) => string;
}

/** Where a call-back to the call would go now. */
function CallBack({ recorded: { callBack }, nameOf }: CallBackProps) {
  if (callBack.case === "noCallBack") {
    return (
      <span className={styles.bad}>
        {texts.why.call.nowhere} {texts.failure.explain(failureOfStatus(callBack.value))}
      </span>
    );
  }
  if (callBack.case === undefined) return texts.unknown;
  const { userId, destinationNumber, reason, fallbackNumber } = callBack.value;
  const number = phoneNumber(destinationNumber);
  const why = texts.destinationReason[DestinationReason[reason] as keyof typeof texts.destinationReason].toLowerCase();
  return (
    <>
      {userId ? texts.why.call.destinationOf(nameOf(userId), number, why) : texts.why.call.destination(number, why)}.
      {fallbackNumber && ` ${texts.why.call.fallback(phoneNumber(fallbackNumber))}`}
    </>
  );
}
