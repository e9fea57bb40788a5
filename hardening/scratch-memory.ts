// Secret memory in which request heads are put together with the key: a few slots, zeroed after use.

/** Slots of equal size, taken for one write and given back when the socket has let go of it. */
export class ScratchMemory {
  readonly #slotBytes: number;
  readonly #free: Buffer[] = [];

  /** @param memory - cut into slots of `slotBytes`; what is left over stays unused */
  constructor(memory: Uint8Array, slotBytes: number) {
    this.#slotBytes = slotBytes;
    for (let at = 0; at + slotBytes <= memory.length; at += slotBytes) {
      this.#free.push(Buffer.from(memory.buffer as ArrayBuffer, memory.byteOffset + at, slotBytes));
    }
  }

  /** @returns a whole slot, undefined where none is free or none is as long as `bytes` */
  take(bytes: number): Buffer | undefined {
    return bytes <= this.#slotBytes ? this.#free.pop() : undefined;
  }

  /** Zero a slot and offer it again. */
  release(slot: Buffer): void {
    slot.fill(0);
    this.#free.push(slot);
  }
}
