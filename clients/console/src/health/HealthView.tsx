import { useQuery } from "@tanstack/react-query";
import {
  Component,
  ComponentState,
  type ComponentStatus,
  type GetStatusResponse,
  Role,
} from "#gen/localdial/v1/administration_pb";
import { useSession } from "../session/session";
import { useOrganizationId } from "../shell/organization";
import { texts } from "../texts";
import { Badge, type BadgeKind } from "../ui/Badge";
import { minute } from "../ui/format";
import { Head } from "../ui/Head";
import { Loaded } from "../ui/Loaded";
import { CarrierCheck } from "./CarrierCheck";
import { Certificates } from "./Certificates";
import styles from "./HealthView.module.css";
import { Work } from "./Work";

/** How often the state is asked for, in milliseconds. */
const INTERVAL_MS = 10_000;

/** Whether everything works: what `localdial status` prints too. */
export function HealthView() {
  const { api } = useSession();
  const organizationId = useOrganizationId();
  const status = useQuery({
    queryKey: ["organization", organizationId, "status"],
    queryFn: () => api.administration.getStatus({ organizationId }),
    refetchInterval: INTERVAL_MS,
  });
  return (
    <>
      <Head title={texts.health.title}>
        {status.data !== undefined && (
          <p>{texts.health.server(status.data.serverVersion, minute(status.data.startTime))}</p>
        )}
      </Head>
      <div className={styles.view}>
        <Loaded query={status}>{(found) => <Status status={found} />}</Loaded>
        <CarrierCheck />
      </div>
    </>
  );
}

function Status({ status }: { status: GetStatusResponse }) {
  // Only admins are told of the certificates.
  const { role } = useSession();
  return (
    <div className={styles.status}>
      <Verdict components={status.components} />
      <section className={styles.part}>
        <h2>{texts.health.parts}</h2>
        <ul className={styles.components}>
          {status.components.map((each) => (
            <ComponentLine key={each.component} status={each} />
          ))}
        </ul>
      </section>
      <Work status={status} />
      {role === Role.ADMIN && <Certificates certificates={status.certificates} />}
    </div>
  );
}

/** The state of all parts in one sentence. */
function Verdict({ components }: { components: readonly ComponentStatus[] }) {
  const failed = components.filter(({ state }) => state === ComponentState.FAILED).length;
  const warned = components.filter(({ state }) => state === ComponentState.WARNING).length;
  return (
    <p
      className={`${styles.verdict} ${failed > 0 ? styles.bad : warned > 0 ? styles.warning : styles.good}`}
      role="status"
    >
      {failed > 0 ? texts.health.failed(failed) : warned > 0 ? texts.health.attention(warned) : texts.health.allWell}
    </p>
  );
}

const KINDS: Readonly<Record<ComponentState, BadgeKind>> = {
  [ComponentState.UNSPECIFIED]: "quiet",
  [ComponentState.OK]: "good",
  [ComponentState.WARNING]: "warning",
  [ComponentState.FAILED]: "bad",
  [ComponentState.UNKNOWN]: "quiet",
};

function ComponentLine({ status: { component, state, detail, sinceTime } }: { status: ComponentStatus }) {
  const name = (Component[component] ?? "UNSPECIFIED") as keyof typeof texts.health.component;
  return (
    <li className={styles.component}>
      <div>
        <strong>{texts.health.component[name]}</strong>
        <p className={styles.quiet}>{texts.health.explain[name]}</p>
      </div>
      <div className={styles.state}>
        <Badge kind={KINDS[state]}>
          {texts.health.state[ComponentState[state] as keyof typeof texts.health.state]}
        </Badge>{" "}
        {sinceTime !== undefined && <span className={styles.quiet}>{texts.health.since(minute(sinceTime))}</span>}
        {detail && <p>{detail}</p>}
      </div>
    </li>
  );
}
