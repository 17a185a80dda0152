import { Link } from "wouter";
import { CallerIdReason, type ExplainOutboundCallerIdResponse } from "#gen/localdial/v1/call_routing_pb";
import { useUserNames } from "../people/queries";
import { useSession } from "../session/session";
import { texts } from "../texts";
import { phoneNumber } from "../ui/format";
import { Candidates } from "./Candidates";
import { Facts } from "./Facts";
import { Rules } from "./Rules";
import styles from "./WhyView.module.css";

interface Props {
  explanation: ExplainOutboundCallerIdResponse;
  userId: string;
}

/** The decision for a call now, and how it comes about. */
export function Explanation({ explanation, userId }: Props) {
  const { decision, rules, callee } = explanation;
  return (
    <>
      <Decision explanation={explanation} userId={userId} />
      <div className={styles.parts}>
        {decision.case !== undefined && (
          <div className={styles.main}>
            <Rules rules={rules} />
            <Candidates explanation={explanation} />
          </div>
        )}
        {callee !== undefined && <Facts callee={callee} />}
      </div>
    </>
  );
}

function Decision({ explanation: { decision, recordedCall }, userId }: Props) {
  const { mayChange } = useSession();
  const agent = useUserNames()(userId);
  if (decision.case === "response") {
    const { callerId, reason } = decision.value;
    const isSame = recordedCall?.call?.callerId === callerId;
    return (
      <section className={styles.decision} aria-live="polite">
        {recordedCall !== undefined && (
          <p className={styles.quiet}>{isSame ? texts.why.call.same : texts.why.call.different}</p>
        )}
        <h2>{texts.why.shown(phoneNumber(callerId), agent)}</h2>
        <p>{texts.why.rule[CallerIdReason[reason] as keyof typeof texts.why.rule]}.</p>
      </section>
    );
  }
  if (decision.case === "noCallerId") {
    return (
      <section className={`${styles.decision} ${styles.none}`} aria-live="polite">
        <h2>{texts.why.none(agent)}</h2>
        <p>{texts.why.noneExplained}</p>
        {mayChange && <Link href="/people">{texts.why.toPeople}</Link>}
      </section>
    );
  }
  return (
    <section className={`${styles.decision} ${styles.none}`} aria-live="polite">
      <h2>{texts.why.deleted(agent)}</h2>
    </section>
  );
}
