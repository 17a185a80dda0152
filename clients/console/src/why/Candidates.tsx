import { useState } from "react";
import { Link } from "wouter";
import {
  CallerIdReason,
  type CandidateNumber,
  CandidateVerdict,
  type ExplainOutboundCallerIdResponse,
} from "#gen/localdial/v1/call_routing_pb";
import { NumberState } from "#gen/localdial/v1/number_pb";
import { useSession } from "../session/session";
import { texts } from "../texts";
import { Badge, type BadgeKind } from "../ui/Badge";
import { Button } from "../ui/Button";
import { phoneNumber } from "../ui/format";
import { MapAreaCodeDialog } from "./MapAreaCodeDialog";
import styles from "./WhyView.module.css";

const KINDS: Readonly<Record<CandidateVerdict, BadgeKind>> = {
  [CandidateVerdict.UNSPECIFIED]: "quiet",
  [CandidateVerdict.CHOSEN]: "good",
  [CandidateVerdict.LOST]: "quiet",
  [CandidateVerdict.NOT_ACTIVE]: "warning",
  [CandidateVerdict.CALLEES_OWN]: "warning",
};

/** The numbers that fit the borrower's area code. Without any, how to get one. */
export function Candidates({ explanation }: { explanation: ExplainOutboundCallerIdResponse }) {
  const { candidates, candidateCount, callee } = explanation;
  const code = callee?.areaCode ?? "";
  const canShow = candidates.some(
    ({ verdict }) => verdict === CandidateVerdict.CHOSEN || verdict === CandidateVerdict.LOST,
  );
  return (
    <section className={styles.part}>
      <h2>{texts.why.candidates}</h2>
      {candidates.length > 0 ? (
        <>
          <p className={styles.quiet}>{texts.why.candidatesExplained}</p>
          <CandidateTable candidates={candidates} />
          {candidateCount > candidates.length && (
            <p className={styles.quiet}>{texts.why.candidatesShown(candidates.length, candidateCount)}</p>
          )}
        </>
      ) : (
        <p>{code ? texts.why.noCandidates(code) : texts.why.noAreaCode}</p>
      )}
      {code && !canShow && <Remedies areaCode={code} />}
    </section>
  );
}

function CandidateTable({ candidates }: { candidates: readonly CandidateNumber[] }) {
  const { column } = texts.why;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={styles.scroll} tabIndex={0} aria-label={texts.why.candidates}>
      <table className={styles.table}>
        <thead>
          <tr>
            {[column.rank, column.number, column.fits, column.verdict].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {candidates.map(({ phoneNumber: number, rule, rank, verdict, state }) => (
            <tr key={`${rule} ${number}`}>
              <td>{rank || texts.unknown}</td>
              <td className={styles.number}>{phoneNumber(number)}</td>
              <td>{texts.why.fits[CallerIdReason[rule] as keyof typeof texts.why.fits]}</td>
              <td>
                <Badge kind={KINDS[verdict]}>
                  {(verdict === CandidateVerdict.NOT_ACTIVE &&
                    texts.why.notActive[NumberState[state] as keyof typeof texts.why.notActive]) ||
                    texts.why.verdict[CandidateVerdict[verdict] as keyof typeof texts.why.verdict]}
                </Badge>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** What gives borrowers of an area code a local number. */
function Remedies({ areaCode }: { areaCode: string }) {
  const { mayChange } = useSession();
  const [isMapping, setIsMapping] = useState(false);
  if (!mayChange) return <p className={styles.quiet}>{texts.numbers.readOnly}</p>;
  return (
    <div className={styles.remedies}>
      <Link
        className={styles.primary}
        href={`/numbers?${new URLSearchParams({ dialog: "purchase", about: areaCode })}`}
      >
        {texts.why.buy(areaCode)}
      </Link>
      <Button onClick={() => setIsMapping(true)}>{texts.why.map(areaCode)}</Button>
      {isMapping && <MapAreaCodeDialog areaCode={areaCode} onClose={() => setIsMapping(false)} />}
    </div>
  );
}
