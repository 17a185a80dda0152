import { Link } from "wouter";
import type { GetStatusResponse, OpenWork } from "#gen/localdial/v1/administration_pb";
import { texts } from "../texts";
import { Figure, Figures } from "../ui/Figure";
import { count } from "../ui/format";
import { fragmentOf } from "../ui/fragment_state";
import { ageOf, inWords } from "./durations";
import styles from "./HealthView.module.css";

/** What is open, and how late the server may be. */
export function Work({ status }: { status: GetStatusResponse }) {
  const { figure } = texts.health;
  const { staleness, missedCallBackCount: missed } = status;
  const late = staleness && Number(staleness.seconds) + staleness.nanos / 1e9;
  return (
    <section className={styles.part}>
      <h2>{texts.health.work}</h2>
      <Figures>
        <Open name={figure.orders} work={status.openOrders} />
        <Open name={figure.releases} work={status.openReleases} />
        <Figure
          name={figure.missed}
          value={missed === undefined ? texts.unknown : count(missed)}
          note={
            missed === undefined
              ? figure.databaseDown
              : missed > 0n && <Link href={`/call-backs${fragmentOf({ show: "missed" })}`}>{figure.showMissed}</Link>
          }
        />
        <Figure
          name={figure.spooled}
          value={count(status.spooledCallCount)}
          note={figure.spooledNote(Number(status.spooledCallCount))}
        />
        <Figure
          name={figure.staleness}
          value={late === undefined ? texts.unknown : inWords(late)}
          note={late === undefined ? figure.databaseDown : figure.stalenessNote}
        />
      </Figures>
    </section>
  );
}

function Open({ name, work }: { name: string; work: OpenWork | undefined }) {
  const { figure } = texts.health;
  if (work === undefined) return <Figure name={name} value={texts.unknown} note={figure.databaseDown} />;
  const { oldestTime } = work;
  return (
    <Figure
      name={name}
      value={count(work.count)}
      note={work.count === 0n ? figure.noWork : oldestTime && figure.oldest(ageOf(oldestTime))}
    />
  );
}
