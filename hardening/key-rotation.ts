// A new key for a running process: from a unix socket straight into the slot that is not in use, by the
// reader that read the first one. The locked process needs nothing for it that it does not have.

import type { Socket } from "node:net";
import type { KeySlots } from "./key-slots.ts";
import { native } from "./native.ts";

/** Why a new key was not taken; the one in use stays. But for the first two, the codes of the reader. */
export type KeyRefusal =
  | "BUSY"
  | "SLOT_IN_USE"
  | "MISSING"
  | "CUT"
  | "BAD_CHARACTER"
  | "TOO_LARGE"
  | "MORE_THAN_ONE_LINE"
  | "STALLED"
  | "UNREADABLE";

const receiveTimeoutMs = 30_000;

interface Handle {
  readonly fd: number;
  reading: boolean;
  readStop(): number;
}

export class KeyRotation {
  readonly #slots: KeySlots;
  #isReceiving = false;
  #count = 0;

  constructor(slots: KeySlots) {
    this.#slots = slots;
  }

  /** how many keys were taken into use after the first one */
  get count(): number {
    return this.#count;
  }

  /** @returns why a key cannot be taken now, undefined where it can */
  get obstacle(): KeyRefusal | undefined {
    if (this.#isReceiving) return "BUSY";
    return this.#slots.isNextFree ? undefined : "SLOT_IN_USE";
  }

  /**
   * Take the next bytes of a connection for the key from now on.
   *
   * @param socket - of which nothing has been read that belongs to the key, and nothing is read any more
   * @param invite - called when the peer may send it
   * @returns undefined when the key is in use
   */
  async receive(socket: Socket, invite: () => void): Promise<KeyRefusal | undefined> {
    const { obstacle } = this;
    if (obstacle !== undefined) return obstacle;
    // libuv must not read what comes now: its buffers are ordinary memory.
    const handle = (socket as unknown as { _handle: Handle | null })._handle;
    if (handle === null) return "UNREADABLE";
    socket.pause();
    handle.reading = false;
    handle.readStop();
    this.#isReceiving = true;
    try {
      const receiving = native.receiveKey(handle.fd, this.#slots.next, receiveTimeoutMs);
      if (receiving === undefined) return "BUSY";
      invite();
      const read = await receiving;
      if ("failure" in read) return read.failure as KeyRefusal;
      this.#slots.use(read.length);
      this.#count++;
      return undefined;
    } finally {
      this.#isReceiving = false;
    }
  }
}
