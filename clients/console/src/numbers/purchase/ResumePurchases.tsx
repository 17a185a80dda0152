import { useEffect, useRef } from "react";
import { useSession } from "../../session/session";
import { useOrganizationId } from "../../shell/organization";
import { openPurchases } from "./open_purchases";
import { usePurchases } from "./use_purchases";

/** After a reload, asks for the outcome of the purchases that were open. */
export function ResumePurchases() {
  const { mayChange } = useSession();
  const organizationId = useOrganizationId();
  const { resume } = usePurchases();
  const latest = useRef(resume);
  useEffect(() => {
    latest.current = resume;
  });
  useEffect(() => {
    if (mayChange) for (const purchase of openPurchases(organizationId)) void latest.current(purchase);
  }, [mayChange, organizationId]);
  return null;
}
