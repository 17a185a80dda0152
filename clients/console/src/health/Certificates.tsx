import type { CertificateStatus } from "#gen/localdial/v1/administration_pb";
import { texts } from "../texts";
import { Badge } from "../ui/Badge";
import { day } from "../ui/format";
import { daysUntil } from "./durations";
import styles from "./HealthView.module.css";

/** From fewer days than this on, a certificate needs attention. */
const SOON_DAYS = 14;

/** How long the certificates are still valid. */
export function Certificates({ certificates }: { certificates: readonly CertificateStatus[] }) {
  return (
    <section className={styles.part}>
      <h2>{texts.health.certificates}</h2>
      {certificates.length === 0 ? (
        <p className={styles.quiet}>{texts.health.noCertificates}</p>
      ) : (
        <ul className={styles.components}>
          {certificates.map(({ names, expireTime }) => {
            const days = expireTime === undefined ? undefined : daysUntil(expireTime);
            return (
              <li key={names.join(" ")} className={styles.component}>
                <strong>{names.join(", ")}</strong>
                {days !== undefined && (
                  <div>
                    <Badge kind={days < 0 ? "bad" : days < SOON_DAYS ? "warning" : "good"}>
                      {texts.health.expires(days, day(expireTime))}
                    </Badge>
                  </div>
                )}
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}
