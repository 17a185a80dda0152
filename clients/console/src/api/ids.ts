/** Returns an identifier that no other call has: 32 hexadecimal digits. */
export function newId(): string {
  // crypto.randomUUID exists only on pages from HTTPS and from this machine.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
