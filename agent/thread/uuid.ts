// UUIDs of version 7 (RFC 9562 5.7): those of threads sort by the time at which they began.

import { randomBytes } from "node:crypto";

/**
 * @param nowMs - Unix time in milliseconds
 * @param random - ten bytes, of which six bits are not used
 */
export function timeOrderedUuid(nowMs: number, random: Uint8Array = randomBytes(10)): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes.set(random.subarray(0, 10), 6);
  bytes[6] = 0x70 | ((bytes[6] as number) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] as number) & 0x3f);
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
