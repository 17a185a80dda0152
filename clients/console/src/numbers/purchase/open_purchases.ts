/**
 * The purchases of this tab whose outcome is not known yet. They cost money, so they are written down before they are
 * sent: after a reload, the same request_id asks for the outcome, and nothing is bought twice. See decision record 0047.
 */

export interface Purchase {
  readonly organizationId: string;
  readonly requestId: string;
  readonly areaCode: string;
  readonly quantity: number;
}

const STORAGE_KEY = "localdial.purchases";

/** Returns the open purchases of an organization, oldest first. */
export function openPurchases(organizationId: string): Purchase[] {
  return load().filter((purchase) => purchase.organizationId === organizationId);
}

export function addOpenPurchase(purchase: Purchase): void {
  save([...load(), purchase]);
}

/** Forgets a purchase whose outcome is known. */
export function removeOpenPurchase({ requestId }: Purchase): void {
  save(load().filter((purchase) => purchase.requestId !== requestId));
}

function load(): Purchase[] {
  return JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? "[]") as Purchase[];
}

function save(purchases: Purchase[]): void {
  if (purchases.length > 0) sessionStorage.setItem(STORAGE_KEY, JSON.stringify(purchases));
  else sessionStorage.removeItem(STORAGE_KEY);
}
