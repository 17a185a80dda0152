import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useDeferredValue, useId, useState } from "react";
import { failureOf } from "../../api/failure";
import { AreaCodeField } from "../../area_codes/AreaCodeField";
import { areaCode as known } from "../../area_codes/area_codes";
import { isAreaCode } from "../../area_codes/search";
import { useSession } from "../../session/session";
import { useOrganizationId } from "../../shell/organization";
import { money, texts } from "../../texts";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { count } from "../../ui/format";
import { Notice } from "../../ui/Notice";
import { FailureText } from "../../ui/States";
import { STOCK_LIMIT, stockQuery, useUsage } from "../queries";
import { callsWithoutLocal } from "../rows";
import { Alternatives } from "./Alternatives";
import styles from "./PurchaseDialog.module.css";
import { priceOf } from "./price";
import { Stock } from "./Stock";
import { usePurchases } from "./use_purchases";

/** As many numbers as one purchase may have. */
const MOST = 100;

interface Props {
  /** What the fields begin with. */
  areaCode: string;
  quantity: string;
  onClose: () => void;
}

/** Buys numbers in an area code. It closes when the order is sent; messages say what becomes of it. */
export function PurchaseDialog({ areaCode: firstCode, quantity: firstQuantity, onClose }: Props) {
  const { api } = useSession();
  const organizationId = useOrganizationId();
  const { buy } = usePurchases();
  const called = callsWithoutLocal(useUsage().data);
  const [areaCode, setAreaCode] = useState(firstCode);
  const [quantity, setQuantity] = useState(firstQuantity || "1");
  const [isSubmitted, setIsSubmitted] = useState(false);
  const form = useId();
  const quantityHint = useId();

  const code = areaCode.trim();
  const isCode = isAreaCode(code);
  const wanted = /^\d+$/.test(quantity.trim()) ? Number(quantity) : 0;
  const isQuantity = wanted >= 1 && wanted <= MOST;
  // While the user types, this is still what was typed before.
  const asked = useDeferredValue(code);
  const stock = useQuery({ ...stockQuery(api, organizationId, asked), enabled: isAreaCode(asked) });
  const available = asked === code ? stock.data?.available : undefined;
  const price = available && isQuantity ? priceOf(available, wanted) : undefined;

  function submit(event: FormEvent) {
    event.preventDefault();
    setIsSubmitted(true);
    if (!isCode || !isQuantity) return;
    buy({ organizationId, areaCode: code, quantity: wanted });
    onClose();
  }

  const showsCodeError = !isCode && (isSubmitted || /^\d{3}/.test(code));
  return (
    <Dialog
      title={texts.purchase.title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{texts.dialog.cancel}</Button>
          <Button kind="primary" type="submit" form={form}>
            {texts.purchase.submit(isQuantity ? wanted : undefined, price && money(price))}
          </Button>
        </>
      }
    >
      <form id={form} className={styles.form} onSubmit={submit} noValidate>
        <AreaCodeField
          label={texts.purchase.areaCode}
          value={areaCode}
          onChange={setAreaCode}
          called={called}
          note={(each, isHighlighted) => <Stock areaCode={each} ask={isHighlighted} />}
          error={showsCodeError ? texts.areaCodes.invalid(code) : undefined}
          hint={<p className={styles.hint}>{isCode ? hintOf(code, called) : texts.purchase.areaCodeHint}</p>}
        />
        <label className={styles.quantity}>
          {texts.purchase.quantity}
          <input
            type="number"
            min={1}
            max={MOST}
            inputMode="numeric"
            value={quantity}
            onChange={(event) => setQuantity(event.target.value)}
            aria-invalid={!isQuantity}
            aria-describedby={quantityHint}
          />
          <span id={quantityHint} className={isQuantity ? styles.hint : styles.error}>
            {texts.purchase.quantityHint(MOST)}
          </span>
        </label>
        <div aria-live="polite" className={styles.stock}>
          {isCode && stock.isFetching && available === undefined && (
            <p className={styles.hint}>{texts.purchase.asking}</p>
          )}
          {isCode && stock.error !== null && (
            <Notice kind="warning">
              <p>{texts.purchase.stockUnknown}</p>
              <FailureText failure={failureOf(stock.error)} />
            </Notice>
          )}
          {available !== undefined && available.length > 0 && (
            <p>{texts.purchase.available(available.length, STOCK_LIMIT, code, wanted)}</p>
          )}
          {available?.length === 0 && (
            <Notice kind="warning">
              <p>{texts.purchase.noneNow(code)}</p>
              <Alternatives areaCode={code} called={called} onChoose={setAreaCode} />
            </Notice>
          )}
          {stock.data?.callbackWarning && <Notice kind="warning">{stock.data.callbackWarning}</Notice>}
        </div>
      </form>
    </Dialog>
  );
}

function hintOf(code: string, called: ReadonlyMap<string, number>): string {
  const { place = "", overlays = [] } = known(code) ?? {};
  const calls = called.get(code);
  return [
    place,
    overlays.length > 0 && texts.areaCodes.sameArea(overlays),
    calls !== undefined && texts.areaCodes.calledWithoutInDays(count(calls)),
  ]
    .filter(Boolean)
    .join(" · ");
}
