// Keeps a key that an upstream sends back from reaching the client. Works on the bytes where they lie;
// compressed or escaped forms of the key are not found.

import type { KeyEra } from "./key-slots.ts";
import type { Secret } from "./secret.ts";

/**
 * Overwrites the key in a sequence of chunks, also where it is split over several. A key that is
 * replaced meanwhile is looked for until the end: the request may have gone out with it.
 */
export class EchoMask {
  readonly #secret: Secret;
  readonly #since: KeyEra;
  #held: Buffer | undefined;
  #hasMasked = false;

  constructor(secret: Secret) {
    this.#secret = secret;
    this.#since = secret.era;
  }

  /** whether the key was found */
  get hasMasked(): boolean {
    return this.#hasMasked;
  }

  /**
   * @param chunk - overwritten in place where the key stands in it
   * @returns what may go on now: all of it but a tail with which some key could begin, this one or another
   */
  push(chunk: Buffer): Buffer {
    const bytes = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    this.#forget();
    const heldBytes = this.#mask(bytes);
    if (heldBytes === 0) return bytes;
    this.#held = Buffer.from(bytes.subarray(bytes.length - heldBytes));
    return bytes.subarray(0, bytes.length - heldBytes);
  }

  /** @returns the tail that was held back, which no more can follow */
  end(): Buffer | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held;
  }

  /** Overwrite the key in a value that is whole, such as a header's. */
  whole(value: Buffer): Buffer {
    this.#mask(value);
    return value;
  }

  #mask(bytes: Buffer): number {
    const { heldBytes, isFound } = this.#secret.maskEcho(bytes, this.#since);
    if (isFound) this.#hasMasked = true;
    return heldBytes;
  }

  #forget(): void {
    this.#held?.fill(0);
    this.#held = undefined;
  }
}
