// The one place that holds the key. Its bytes lie in memory that no other process can read and that
// is never swapped; JavaScript hands a view of them to a socket write and never makes a string of them.

import { randomBytes } from "node:crypto";
import { constants } from "node:os";
import { HardeningError, type HardeningErrorCode } from "./errors.ts";
import { allocateGuarded } from "./guarded-memory.ts";
import { KeyRotation } from "./key-rotation.ts";
import { type EchoFound, type KeyEra, KeySlots } from "./key-slots.ts";
import { native } from "./native.ts";
import { ScratchMemory } from "./scratch-memory.ts";

const maxKeyBytes = 4096;

// Twice the longest key: room to see that a line is too long, and what follows a line.
export const slotBytes = 2 * maxKeyBytes;

// The second is for a rotated key: the locked process can map nothing when that one comes.
const slotCount = 2;

// Room for the head of a Codex request with a body of 4 KB. With the slots for keys less than 64 KiB,
// which is what older systems let an ordinary user lock.
export const scratchSlotBytes = 8192;
const scratchSlotCount = 4;

export const keyTimeoutMs = 30_000;

export type SecretMemoryKind = "memfd_secret" | "sodium";

/** The key, as those who forward requests see it: a stand-in to put into headers, and bytes to write. */
export interface Secret {
  readonly kind: SecretMemoryKind;
  /** 128 random bits in hex that stand for the key in JavaScript; never sent to anyone */
  readonly placeholder: string;
  /**
   * a view of the key in secret memory, for socket writes only: never copy it, never decode it. Ask for
   * it at the moment of the write: it is another after each rotation or renewal
   */
  readonly bytes: Uint8Array;
  /**
   * Keep what `bytes` is now from being zeroed, should it be replaced meanwhile.
   *
   * @returns to be called when the write is done or has failed
   */
  hold(): () => void;
  /** where request heads are put together with the key */
  readonly scratch: ScratchMemory;
  /** the time in which the present key is in use, for {@link maskEcho} */
  readonly era: KeyEra;
  /**
   * Overwrite the key in `data` with `*`, and every key that was in use since `since`.
   *
   * @param since - undefined for the present one alone
   */
  maskEcho(data: Uint8Array, since?: KeyEra): EchoFound;
  /** takes another key; undefined where the key is fetched and not given */
  readonly rotation: KeyRotation | undefined;
  /** zero the key; requests after this fail */
  wipe(): void;
}

export interface SecretMemory {
  readonly kind: SecretMemoryKind;
  readonly memory: Uint8Array;
}

/**
 * Allocate all secret memory that the process will ever have, zeroed on a fatal signal. Once a process.
 *
 * @throws {HardeningError} HRD_ERR_MEMORY when memory cannot be locked
 */
export function allocateSecretMemory(bytes: number): SecretMemory {
  const allocated = mapOrLock(bytes);
  native.wipeOnFatalSignals(allocated.memory);
  return allocated;
}

function mapOrLock(bytes: number): SecretMemory {
  const mapped = native.mapSecretMemory(bytes);
  if ("memory" in mapped) return { kind: "memfd_secret", memory: mapped.memory };
  const { EAGAIN, ENOMEM } = constants.errno;
  // The call exists and locked memory is what is missing: sodium would fail in the same way.
  if (mapped.errno === EAGAIN || mapped.errno === ENOMEM) throw new HardeningError("HRD_ERR_MEMORY");
  return { kind: "sodium", memory: allocateGuarded(bytes) };
}

/** A key in one of two slots, as a {@link Secret}. */
export class SlottedSecret implements Secret {
  readonly kind: SecretMemoryKind;
  readonly placeholder = randomBytes(16).toString("hex");
  readonly scratch: ScratchMemory;
  readonly rotation: KeyRotation | undefined;
  readonly #memory: Uint8Array;
  readonly #slots: KeySlots;

  /** @param all - all secret memory, for {@link wipe} */
  constructor(all: SecretMemory, slots: KeySlots, scratch: Uint8Array, rotation?: KeyRotation) {
    this.kind = all.kind;
    this.scratch = new ScratchMemory(scratch, scratchSlotBytes);
    this.rotation = rotation;
    this.#memory = all.memory;
    this.#slots = slots;
  }

  get bytes(): Uint8Array {
    return this.#slots.bytes;
  }

  get era(): KeyEra {
    return this.#slots.era;
  }

  hold(): () => void {
    return this.#slots.hold();
  }

  maskEcho(data: Uint8Array, since?: KeyEra): EchoFound {
    return this.#slots.maskEcho(data, since);
  }

  wipe(): void {
    native.stopReceivingKey();
    native.wipe(this.#memory);
  }
}

function seal(all: SecretMemory, length: number): Secret {
  const { memory } = all;
  const slot = (index: number) => memory.subarray(index * slotBytes, (index + 1) * slotBytes);
  const slots = new KeySlots(slot(0), slot(1), length);
  return new SlottedSecret(all, slots, memory.subarray(slotCount * slotBytes), new KeyRotation(slots));
}

/**
 * Read the key from stdin straight into secret memory and put /dev/null in stdin's place. Blocks
 * the thread until a newline, the end of input or 30 seconds.
 *
 * @param keySource - what messages call the place, where it is not the stdin of the starter
 * @returns the sealed key, 1 to 4096 bytes of RFC 6750 b64token
 * @throws {HardeningError} HRD_ERR_KEY_… for bad input, HRD_ERR_MEMORY when memory cannot be locked
 */
export function readSecretFromStdin(keySource?: string): Secret {
  const memory = allocateSecretMemory(slotBytes * slotCount + scratchSlotBytes * scratchSlotCount);
  const read = native.readKey(0, memory.memory.subarray(0, slotBytes), keyTimeoutMs);
  native.replaceWithNull(0);
  if ("failure" in read) {
    const code = `HRD_ERR_KEY_${read.failure}` as HardeningErrorCode;
    throw new HardeningError(code, read.errno === 0 ? undefined : errnoName(read.errno), { keySource });
  }
  return seal(memory, read.length);
}

/**
 * Make a random secret of the shape of a key, for a start that is only a check.
 *
 * @throws {HardeningError} HRD_ERR_MEMORY when memory cannot be locked
 */
export function makeRandomSecret(): Secret {
  const memory = allocateSecretMemory(slotBytes * slotCount + scratchSlotBytes * scratchSlotCount);
  const length = 51;
  native.fillRandomKey(memory.memory, length);
  return seal(memory, length);
}

/** The name of an errno, for messages. */
export function errnoName(errno: number): string {
  const entry = Object.entries(constants.errno).find(([, value]) => value === errno);
  return entry?.[0] ?? `errno ${errno}`;
}
