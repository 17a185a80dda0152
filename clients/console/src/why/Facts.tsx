import { useEffect, useState } from "react";
import type { CalleeFacts } from "#gen/localdial/v1/call_routing_pb";
import { placeOf } from "../area_codes/area_codes";
import { LOCALE, texts } from "../texts";
import { phoneNumber } from "../ui/format";
import { localTimes } from "./local_time";
import styles from "./WhyView.module.css";

/** What is known of the borrower's number. */
export function Facts({ callee }: { callee: CalleeFacts }) {
  const now = useNow();
  const times = localTimes(callee.timeZones, now);
  return (
    <section className={styles.part}>
      <h2>{texts.why.facts}</h2>
      <dl className={styles.facts}>
        <dt>{texts.why.fact.number}</dt>
        <dd className={styles.number}>{phoneNumber(callee.phoneNumber)}</dd>
        <dt>{texts.why.fact.areaCode}</dt>
        <dd>{callee.areaCode || texts.why.notGeographic}</dd>
        <dt>{texts.why.fact.place}</dt>
        <dd>{placeOfCallee(callee) || texts.unknown}</dd>
        <dt>{texts.why.fact.time}</dt>
        <dd>{times.length === 0 ? texts.why.timeUnknown : times.map((time) => <div key={time}>{time}</div>)}</dd>
      </dl>
      <p className={styles.quiet}>{texts.why.portable}</p>
    </section>
  );
}

/** Returns the state or province and the country of a number, such as `California, United States`. */
export function placeOfCallee({ areaCode, region, country }: Pick<CalleeFacts, "areaCode" | "region" | "country">) {
  const nation = country && new Intl.DisplayNames(LOCALE, { type: "region", fallback: "code" }).of(country);
  const place = placeOf(areaCode) || region;
  return [...new Set([place, nation])].filter(Boolean).join(", ");
}

/** Returns the time, which goes on. */
function useNow(): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), 15_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
