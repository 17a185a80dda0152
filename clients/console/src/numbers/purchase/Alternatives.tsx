import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useSession } from "../../session/session";
import { useOrganizationId } from "../../shell/organization";
import { texts } from "../../texts";
import { Button } from "../../ui/Button";
import { stockQuery } from "../queries";
import { alternatives } from "./alternatives";
import styles from "./PurchaseDialog.module.css";

interface Props {
  areaCode: string;
  called: ReadonlyMap<string, number>;
  onChoose: (areaCode: string) => void;
}

/** Area codes nearby in which the carrier has numbers, to choose one with a click. */
export function Alternatives({ areaCode, called, onChoose }: Props) {
  const { api } = useSession();
  const queries = useQueryClient();
  const organizationId = useOrganizationId();
  const { data } = useQuery({
    queryKey: ["organization", organizationId, "stock", areaCode, "alternatives"],
    queryFn: () =>
      alternatives(areaCode, called, async (code) => {
        const { available } = await queries.fetchQuery(stockQuery(api, organizationId, code));
        return available.length > 0;
      }),
    refetchInterval: false,
  });
  if (data === undefined || data.length === 0) return null;
  return (
    <div className={styles.alternatives}>
      <span>{texts.purchase.alternatives}</span>
      {data.map((code) => (
        <Button key={code} onClick={() => onChoose(code)}>
          {code}
        </Button>
      ))}
    </div>
  );
}
