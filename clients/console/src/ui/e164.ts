/** Phone numbers as people type them. */

/**
 * Returns a number in E.164: one that begins with +, or one of country code 1 with or without it. Undefined if the text
 * is neither. Whether the number is possible is for the server to say.
 */
export function e164(text: string): string | undefined {
  const compact = text.replace(/[\s().\-–\u00a0]/g, "");
  if (/^\+[1-9]\d{6,14}$/.test(compact)) return compact;
  const national = /^(?:1)?([2-9]\d{2}[2-9]\d{6})$/.exec(compact);
  return national === null ? undefined : `+1${national[1]}`;
}
