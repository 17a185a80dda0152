/** Buying numbers, with messages about what happens. */

import { useQueryClient } from "@tanstack/react-query";
import { useLocation } from "wouter";
import type { PurchaseNumbersResponse } from "#gen/localdial/v1/number_inventory_pb";
import { type LocalPresenceNumber, NumberState } from "#gen/localdial/v1/number_pb";
import { type Failure, failureOfStatus } from "../../api/failure";
import { newId } from "../../api/ids";
import { useSession } from "../../session/session";
import { texts } from "../../texts";
import { useToasts } from "../../ui/Toasts";
import { refreshNumbers, stockQuery, useUsage } from "../queries";
import { callsWithoutLocal } from "../rows";
import { alternatives } from "./alternatives";
import { addOpenPurchase, type Purchase, removeOpenPurchase } from "./open_purchases";
import { isNothingBought, settle } from "./settle";

interface Order {
  readonly organizationId: string;
  readonly areaCode: string;
  readonly quantity: number;
}

/** Returns functions that buy numbers, and that ask again for the outcome of an open purchase. */
export function usePurchases() {
  const { api } = useSession();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [, navigate] = useLocation();
  const called = callsWithoutLocal(useUsage().data);

  function order(areaCode: string, quantity: number): void {
    navigate(`/numbers?${new URLSearchParams({ dialog: "purchase", about: areaCode, quantity: String(quantity) })}`);
  }

  /** Waits for the outcome of a purchase, and says what it is. */
  async function resume(purchase: Purchase): Promise<void> {
    const show = (toast: Parameters<typeof toasts.show>[0]) => toasts.show(toast, purchase.requestId);
    let stop = () => {};
    const stopped = new Promise<false>((resolve) => {
      stop = () => resolve(false);
    });
    const actions = [{ label: texts.purchase.stop, run: () => stop() }];
    show({ kind: "progress", message: texts.purchase.buying(purchase) });
    const outcome = await settle(api, purchase, (failure, milliseconds) => {
      show({ kind: "progress", message: texts.purchase.waiting(purchase, failure), actions });
      refreshNumbers(queries, purchase.organizationId);
      return Promise.race([sleep(milliseconds), stopped]);
    });
    const reason = "failure" in outcome ? outcome.failure.reason : "";
    // Whoever signs in again learns the outcome.
    if (reason === "UNAUTHENTICATED") return toasts.close(purchase.requestId);
    removeOpenPurchase(purchase);
    refreshNumbers(queries, purchase.organizationId);
    void queries.invalidateQueries({ queryKey: ["organization", purchase.organizationId, "stock"] });
    if ("response" in outcome) show(toastOf(purchase, outcome.response));
    else if (reason === "NO_NUMBERS_AVAILABLE") {
      show({ kind: "warning", message: texts.purchase.none(purchase.areaCode) });
      const others = await alternatives(purchase.areaCode, called, (areaCode) => hasStock(purchase, areaCode));
      show({
        kind: "warning",
        message: texts.purchase.none(purchase.areaCode, others),
        actions: others.map((code) => ({
          label: texts.purchase.buyIn(code),
          run: () => order(code, purchase.quantity),
        })),
      });
    } else show(failed(purchase, outcome.failure));
  }

  async function hasStock({ organizationId }: Purchase, areaCode: string): Promise<boolean> {
    const { available } = await queries.fetchQuery(stockQuery(api, organizationId, areaCode));
    return available.length > 0;
  }

  function failed(purchase: Purchase, failure: Failure) {
    // The same request_id, in case the server has bought them before it failed.
    const again = { label: texts.states.retry, run: () => start(purchase) };
    const change = {
      label: texts.purchase.change,
      run: () => order(purchase.areaCode, purchase.quantity),
    };
    return {
      kind: "error",
      message: texts.purchase.failed(purchase, failure),
      actions: isNothingBought(failure) && failure.reason !== "CARRIER_UNAVAILABLE" ? [change] : [again],
    } as const;
  }

  function start(purchase: Purchase): void {
    addOpenPurchase(purchase);
    void resume(purchase);
  }

  return {
    buy: (wanted: Order) => start({ ...wanted, requestId: newId() }),
    resume,
  };
}

function toastOf(purchase: Purchase, { numbers, unfilledCount, unfilledStatus }: PurchaseNumbersResponse) {
  const active = numbers.filter(isUsable).length;
  const missing = unfilledStatus && failureOfStatus(unfilledStatus);
  if (active === purchase.quantity) {
    return { kind: "success", message: texts.purchase.bought(active, purchase.areaCode) } as const;
  }
  return {
    kind: "warning",
    message: texts.purchase.boughtPart(active, purchase, unfilledCount, missing, numbers.length - active),
  } as const;
}

/** Whether calls use the number. One that takes no calls is released at once. */
function isUsable({ state }: LocalPresenceNumber): boolean {
  return state === NumberState.ACTIVE;
}

/** Waits, and returns true. */
function sleep(milliseconds: number): Promise<true> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds, true));
}
