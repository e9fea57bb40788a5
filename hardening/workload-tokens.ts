// The secrets of workload identity: GitHub's request token, the JWT that it fetches and the access
// token that the JWT is exchanged for, which is the key from then on. All of them live in one piece of
// secret memory, replies included from their first byte; JavaScript has views of it and facts about it.

import { randomBytes } from "node:crypto";
import { HardeningError } from "./errors.ts";
import { native, type TokenReplyFacts } from "./native.ts";
import { ScratchMemory } from "./scratch-memory.ts";
import {
  allocateSecretMemory,
  errnoName,
  keyTimeoutMs,
  maskEchoOf,
  type Secret,
  scratchSlotBytes,
  slotBytes,
} from "./secret.ts";

// As long as a key may be. GitHub's tokens have one to two kilobytes.
const maxGithubTokenBytes = 4096;

// JWTs of several kilobytes exist; servers that take a longer header line are rare.
const maxAccessTokenBytes = slotBytes;

// Ordinary users of older systems may lock 64 KiB in all, so the memory for replies is also that for
// the token which is not in use: between the two slots lies what belongs to neither, and a reply takes
// that and the free slot, 16 KiB.
const layout = (() => {
  const requestToken = 0;
  const subjectToken = requestToken + maxGithubTokenBytes;
  const first = subjectToken + maxGithubTokenBytes;
  const between = first + maxAccessTokenBytes;
  const second = between + slotBytes;
  const scratch = second + maxAccessTokenBytes;
  return { requestToken, subjectToken, first, between, second, scratch, end: scratch + 2 * scratchSlotBytes };
})();

interface Slot {
  readonly memory: Uint8Array;
  /** the slot and what lies between the two */
  readonly withBetween: Uint8Array;
  length: number;
  /** writes that still need it */
  holds: number;
}

/** What came of looking for a token in a reply. */
export type TakenToken = TokenReplyFacts;

export class WorkloadTokens {
  /** the access token as the key: empty before the first one was taken into use */
  readonly secret: Secret;
  readonly #memory: Uint8Array;
  readonly #requestTokenBytes: number;
  #subjectTokenBytes = 0;
  #inUse: Slot;
  #next: Slot;

  /**
   * Read GitHub's request token from stdin straight into secret memory and put /dev/null in stdin's
   * place. Blocks the thread as reading a key does.
   *
   * @throws {HardeningError} HRD_ERR_REQUEST_TOKEN for bad input, HRD_ERR_MEMORY when memory cannot be locked
   */
  constructor() {
    const { kind, memory } = allocateSecretMemory(layout.end);
    // More than it may have, so that more is seen; what was behind it is zeroed.
    const read = native.readKey(0, memory.subarray(layout.requestToken, layout.first), keyTimeoutMs);
    native.replaceWithNull(0);
    if ("failure" in read) throw refuseRequestToken(read.failure, read.errno);

    const slot = (start: number, from: number): Slot => ({
      memory: memory.subarray(start, start + maxAccessTokenBytes),
      withBetween: memory.subarray(from, from + maxAccessTokenBytes + slotBytes),
      length: 0,
      holds: 0,
    });
    this.#memory = memory;
    this.#requestTokenBytes = read.length;
    this.#inUse = slot(layout.first, layout.first);
    this.#next = slot(layout.second, layout.between);
    const current = () => this.#inUse;
    this.secret = {
      kind,
      placeholder: randomBytes(16).toString("hex"),
      get bytes() {
        const { memory, length } = current();
        return memory.subarray(0, length);
      },
      scratch: new ScratchMemory(memory.subarray(layout.scratch), scratchSlotBytes),
      hold: () => this.#hold(current()),
      maskEcho(data) {
        return maskEchoOf(this.bytes, data);
      },
      wipe: () => native.wipe(memory),
    };
  }

  /** GitHub's request token, for socket writes only */
  get requestToken(): Uint8Array {
    return this.#memory.subarray(layout.requestToken, this.#requestTokenBytes);
  }

  /** the JWT that was taken last, for socket writes only */
  get subjectToken(): Uint8Array {
    return this.#memory.subarray(layout.subjectToken, layout.subjectToken + this.#subjectTokenBytes);
  }

  /** @returns where a reply may go, undefined while a write still needs the token that lies there */
  replyMemory(): Uint8Array | undefined {
    return this.#next.holds === 0 ? this.#next.withBetween : undefined;
  }

  /** Take the JWT out of a reply that lies in {@link replyMemory}, which is zeroed. */
  takeSubjectToken(body: Uint8Array, member: string): TakenToken {
    const slot = this.#memory.subarray(layout.subjectToken, layout.first);
    const taken = native.takeToken(body, member, slot);
    this.#subjectTokenBytes = "failure" in taken ? 0 : taken.length;
    native.wipe(this.#next.withBetween);
    return taken;
  }

  /** Take the access token out of a reply that lies in {@link replyMemory}, of which nothing else stays. */
  takeAccessToken(body: Uint8Array, member: string): TakenToken {
    const next = this.#next;
    const taken = native.takeToken(body, member, next.memory);
    next.length = "failure" in taken ? 0 : taken.length;
    native.wipe(this.#memory.subarray(layout.between, layout.second));
    return taken;
  }

  /** From now on the access token that was taken last is the key; the one before it is zeroed after its last write. */
  useAccessToken(): void {
    const previous = this.#inUse;
    this.#inUse = this.#next;
    this.#next = previous;
    if (previous.holds === 0) forget(previous);
  }

  /** Zero what an exchange leaves: the JWT, and a reply or token that was not taken into use. */
  endExchange(): void {
    native.wipe(this.#memory.subarray(layout.subjectToken, layout.first));
    this.#subjectTokenBytes = 0;
    if (this.#next.holds > 0) return;
    native.wipe(this.#next.withBetween);
    this.#next.length = 0;
  }

  #hold(slot: Slot): () => void {
    slot.holds++;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      slot.holds--;
      if (slot.holds === 0 && slot !== this.#inUse) forget(slot);
    };
  }
}

function forget(slot: Slot): void {
  native.wipe(slot.memory);
  slot.length = 0;
}

const reasons: Readonly<Record<string, string>> = {
  MISSING: "stdin holds none",
  BAD_CHARACTER: "it holds a character that none has",
  TOO_LARGE: `it has more than ${maxGithubTokenBytes} bytes`,
  TOO_LONG_TO_TYPE: "it is too long to be typed",
  MORE_THAN_ONE_LINE: "only line ends may follow it",
  STALLED: "none arrived on stdin within 30 seconds",
};

function refuseRequestToken(failure: string, errno: number): HardeningError {
  return new HardeningError(
    "HRD_ERR_REQUEST_TOKEN",
    reasons[failure] ?? `stdin cannot be read: ${errnoName(errno)}`,
  );
}
