import { CallerIdReason, type RuleExplanation, RuleOutcome } from "#gen/localdial/v1/call_routing_pb";
import { texts } from "../texts";
import { Badge, type BadgeKind } from "../ui/Badge";
import styles from "./WhyView.module.css";

const KINDS: Readonly<Record<RuleOutcome, BadgeKind>> = {
  [RuleOutcome.UNSPECIFIED]: "quiet",
  [RuleOutcome.CHOSEN]: "good",
  [RuleOutcome.NO_CANDIDATE]: "quiet",
  [RuleOutcome.SKIPPED]: "warning",
  [RuleOutcome.NOT_REACHED]: "quiet",
};

/** What came of each rule. */
export function Rules({ rules }: { rules: readonly RuleExplanation[] }) {
  return (
    <section className={styles.part}>
      <h2>{texts.why.rules}</h2>
      <p className={styles.quiet}>{texts.why.rulesExplained}</p>
      <ol className={styles.rules}>
        {rules.map(({ rule, outcome, detail }) => (
          <li
            key={rule}
            className={styles.rule}
            data-chosen={outcome === RuleOutcome.CHOSEN || undefined}
            data-idle={outcome === RuleOutcome.NOT_REACHED || undefined}
          >
            <div className={styles.ruleHead}>
              <strong>{texts.why.rule[CallerIdReason[rule] as keyof typeof texts.why.rule]}</strong>
              <Badge kind={KINDS[outcome]}>
                {texts.why.outcome[RuleOutcome[outcome] as keyof typeof texts.why.outcome]}
              </Badge>
            </div>
            {outcome !== RuleOutcome.NOT_REACHED && <p className={styles.quiet}>{detail}</p>}
          </li>
        ))}
      </ol>
    </section>
  );
}
