// Two slots of secret memory: one holds the key in use, the other takes the next one. A key that was
// replaced is zeroed after the last write that points at it; what is kept of it is a fingerprint, for as
// long as something may still be answered that was sent with it.

import { native } from "./native.ts";

/** The time in which one key was in use, as a link of a chain: who began in it can follow what came after. */
export interface KeyEra {
  /** set when the key is replaced; undefined too where there was none */
  former?: Uint8Array;
  next?: KeyEra;
}

export interface EchoFound {
  /** bytes at the end that could be the beginning of some key */
  readonly heldBytes: number;
  readonly isFound: boolean;
}

interface Slot {
  readonly memory: Uint8Array;
  /** the key at its start: made once, as every chunk of every stream is searched for it */
  key: Uint8Array;
  /** writes that still need it */
  holds: number;
}

// What native.maskEcho adds to the length of the tail.
const echoFound = 65_536;

const notFound: EchoFound = { heldBytes: 0, isFound: false };

export class KeySlots {
  #inUse: Slot;
  #next: Slot;
  #era: KeyEra = {};

  /** @param length - of the key that lies in the first slot already; 0 for none */
  constructor(first: Uint8Array, second: Uint8Array, length = 0) {
    this.#inUse = { memory: first, key: first.subarray(0, length), holds: 0 };
    this.#next = { memory: second, key: second.subarray(0, 0), holds: 0 };
  }

  /** the key in use, for socket writes only; another after each {@link use} */
  get bytes(): Uint8Array {
    return this.#inUse.key;
  }

  get era(): KeyEra {
    return this.#era;
  }

  /** whether no write needs what lies in the slot that is not in use */
  get isNextFree(): boolean {
    return this.#next.holds === 0;
  }

  /** the slot that is not in use, whole */
  get next(): Uint8Array {
    return this.#next.memory;
  }

  /** From now on the key is what lies at the start of {@link next}. */
  use(length: number): void {
    const previous = this.#inUse;
    if (previous.key.length > 0) this.#era.former = native.fingerprintKey(previous.key);
    this.#era = this.#era.next = {};
    this.#inUse = this.#next;
    this.#inUse.key = this.#inUse.memory.subarray(0, length);
    this.#next = previous;
    if (previous.holds === 0) forget(previous);
  }

  /** Keep what {@link bytes} is now until the function that this returns is called. */
  hold(): () => void {
    const slot = this.#inUse;
    slot.holds++;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      slot.holds--;
      if (slot.holds === 0 && slot !== this.#inUse) forget(slot);
    };
  }

  /**
   * Overwrite the key in `data` with `*`, and every key that was in use since `since`.
   *
   * @param since - undefined for the present one alone
   */
  maskEcho(data: Uint8Array, since: KeyEra | undefined): EchoFound {
    const found = native.maskEcho(this.bytes, data);
    let isFound = found >= echoFound;
    for (let era = since; era?.next !== undefined; era = era.next) {
      if (era.former !== undefined && native.maskFormerKey(era.former, data)) isFound = true;
    }
    return found === 0 && !isFound ? notFound : { heldBytes: found % echoFound, isFound };
  }
}

function forget(slot: Slot): void {
  native.wipe(slot.memory);
  slot.key = slot.memory.subarray(0, 0);
}
