// Secret memory where memfd_secret(2) is missing: locked pages between guard pages, from libsodium.
// Loaded only when needed. Root can read it through /proc/PID/mem; other users cannot.

import { createRequire } from "node:module";
import { HardeningError } from "./errors.ts";
import { native } from "./native.ts";

interface Sodium {
  sodium_malloc(bytes: number): Uint8Array;
}

/**
 * Allocate zeroed, mlock(2)ed memory.
 *
 * @throws {HardeningError} HRD_ERR_MEMORY when the pages cannot be locked or sodium-native is absent
 */
export function allocateGuarded(bytes: number): Uint8Array {
  let memory: Uint8Array;
  try {
    const sodium = createRequire(import.meta.url)("sodium-native") as Sodium;
    memory = sodium.sodium_malloc(bytes);
  } catch (cause) {
    throw new HardeningError("HRD_ERR_MEMORY", undefined, { cause });
  }
  // libsodium goes on with unlocked pages when mlock(2) fails; this does not.
  if (native.lockMemory(memory) !== 0) throw new HardeningError("HRD_ERR_MEMORY");
  memory.fill(0);
  return memory;
}
