/** How words, lists and amounts are put into texts. */

import type { Price } from "#gen/localdial/v1/number_pb";

export const LOCALE = "en-US";

const plurals = new Intl.PluralRules(LOCALE);

/** Returns `1 number` or `3 numbers`. */
export function counted(count: number, one: string, other: string): string {
  return `${count.toLocaleString(LOCALE)} ${plurals.select(count) === "one" ? one : other}`;
}

/** Returns `212, 332 and 646`. */
export function listed(values: readonly string[]): string {
  return new Intl.ListFormat(LOCALE, { type: "conjunction" }).format(values);
}

/** Returns a message of the server, which is part of a sentence, as a sentence. */
export function sentence(message: string): string {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) || text === "" ? text : `${text}.`;
}

/** Returns an amount such as `$3.45`. */
export function money({ currencyCode, micros }: Pick<Price, "currencyCode" | "micros">): string {
  return new Intl.NumberFormat(LOCALE, { style: "currency", currency: currencyCode }).format(Number(micros) / 1e6);
}

export function time(milliseconds: number): string {
  return new Date(milliseconds).toLocaleTimeString(LOCALE, { hour: "numeric", minute: "2-digit" });
}
