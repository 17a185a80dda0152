import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useSession } from "../../session/session";
import { useOrganizationId } from "../../shell/organization";
import { texts } from "../../texts";
import { STOCK_LIMIT, stockQuery } from "../queries";

/** How long the user must stay at an area code before the carrier is asked, in milliseconds. */
const PAUSE_MS = 300;

/** How many numbers the carrier has in an area code, asked when the user stays at it. */
export function Stock({ areaCode, ask }: { areaCode: string; ask: boolean }) {
  const { api } = useSession();
  const organizationId = useOrganizationId();
  const stays = useStays(ask);
  const { data } = useQuery({ ...stockQuery(api, organizationId, areaCode), enabled: stays });
  return data === undefined ? null : texts.purchase.stock(data.available.length, STOCK_LIMIT);
}

/** Returns whether something has been true for a moment. */
function useStays(isTrue: boolean): boolean {
  const [stays, setStays] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setStays(isTrue), isTrue ? PAUSE_MS : 0);
    return () => clearTimeout(timer);
  }, [isTrue]);
  return stays && isTrue;
}
