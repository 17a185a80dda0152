import { type LocalPresenceNumber, NumberState } from "#gen/localdial/v1/number_pb";
import { failureOfStatus } from "../api/failure";
import { texts } from "../texts";
import styles from "./State.module.css";

const CLASSES: Partial<Record<NumberState, string | undefined>> = {
  [NumberState.ACTIVE]: styles.active,
  [NumberState.PURCHASING]: styles.buying,
  [NumberState.RELEASING]: styles.releasing,
};

/** The stage of a number's life, and why it stays in it if the carrier refuses its release. */
export function State({ number }: { number: LocalPresenceNumber }) {
  const { state, releaseStatus } = number;
  return (
    <div>
      <span className={`${styles.state} ${CLASSES[state] ?? ""}`}>
        {texts.numbers.state[NumberState[state] as keyof typeof texts.numbers.state]}
      </span>
      {releaseStatus !== undefined && (
        <p className={styles.why}>{texts.failure.explain(failureOfStatus(releaseStatus))}</p>
      )}
    </div>
  );
}
