import type { AvailableNumber, Price } from "#gen/localdial/v1/number_pb";

/**
 * Returns what so many of the numbers cost a month. If more are wanted than are there, it is what all would cost at the
 * price of the last one. Undefined if the carrier does not name each price, or names several currencies.
 */
export function priceOf(
  available: readonly AvailableNumber[],
  quantity: number,
): Pick<Price, "currencyCode" | "micros"> | undefined {
  const prices = available.slice(0, quantity).map((each) => each.monthlyPrice);
  const last = prices.at(-1);
  if (last === undefined || prices.some((price) => price?.currencyCode !== last.currencyCode)) return undefined;
  const micros = prices.reduce((sum, price) => sum + (price?.micros ?? 0n), 0n);
  return { currencyCode: last.currencyCode, micros: micros + last.micros * BigInt(quantity - prices.length) };
}
