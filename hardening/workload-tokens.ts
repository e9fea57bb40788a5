// The secrets of workload identity: GitHub's request token, the JWT that it fetches and the access
// token that the JWT is exchanged for, which is the key from then on. All of them live in one piece of
// secret memory, replies included from their first byte; JavaScript has views of it and facts about it.

import { HardeningError } from "./errors.ts";
import { KeySlots } from "./key-slots.ts";
import { native, type TokenReplyFacts } from "./native.ts";
import {
  allocateSecretMemory,
  errnoName,
  keyTimeoutMs,
  type Secret,
  SlottedSecret,
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

/** What came of looking for a token in a reply. */
export type TakenToken = TokenReplyFacts;

export class WorkloadTokens {
  /** the access token as the key: empty before the first one was taken into use */
  readonly secret: Secret;
  readonly #memory: Uint8Array;
  readonly #requestTokenBytes: number;
  #subjectTokenBytes = 0;
  readonly #slots: KeySlots;
  /** of the access token that was taken last and is not in use yet */
  #nextBytes = 0;

  /**
   * Read GitHub's request token from stdin straight into secret memory and put /dev/null in stdin's
   * place. Blocks the thread as reading a key does.
   *
   * @param keySource - what messages call the place, where it is not the stdin of the starter
   * @throws {HardeningError} HRD_ERR_REQUEST_TOKEN for bad input, HRD_ERR_MEMORY when memory cannot be locked
   */
  constructor(keySource?: string) {
    const all = allocateSecretMemory(layout.end);
    const { memory } = all;
    // More than it may have, so that more is seen; what was behind it is zeroed.
    const read = native.readKey(0, memory.subarray(layout.requestToken, layout.first), keyTimeoutMs);
    native.replaceWithNull(0);
    if ("failure" in read) throw refuseRequestToken(read.failure, read.errno, keySource);

    this.#memory = memory;
    this.#requestTokenBytes = read.length;
    const slot = (start: number) => memory.subarray(start, start + maxAccessTokenBytes);
    this.#slots = new KeySlots(slot(layout.first), slot(layout.second));
    this.secret = new SlottedSecret(all, this.#slots, memory.subarray(layout.scratch));
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
    return this.#slots.isNextFree ? this.#nextWithBetween : undefined;
  }

  /** Take the JWT out of a reply that lies in {@link replyMemory}, which is zeroed. */
  takeSubjectToken(body: Uint8Array, member: string): TakenToken {
    const slot = this.#memory.subarray(layout.subjectToken, layout.first);
    const taken = native.takeToken(body, member, slot);
    this.#subjectTokenBytes = "failure" in taken ? 0 : taken.length;
    native.wipe(this.#nextWithBetween);
    return taken;
  }

  /** Take the access token out of a reply that lies in {@link replyMemory}, of which nothing else stays. */
  takeAccessToken(body: Uint8Array, member: string): TakenToken {
    const taken = native.takeToken(body, member, this.#slots.next);
    this.#nextBytes = "failure" in taken ? 0 : taken.length;
    native.wipe(this.#memory.subarray(layout.between, layout.second));
    return taken;
  }

  /** From now on the access token that was taken last is the key; the one before it is zeroed after its last write. */
  useAccessToken(): void {
    this.#slots.use(this.#nextBytes);
    this.#nextBytes = 0;
  }

  /** Zero what an exchange leaves: the JWT, and a reply or token that was not taken into use. */
  endExchange(): void {
    native.wipe(this.#memory.subarray(layout.subjectToken, layout.first));
    this.#subjectTokenBytes = 0;
    if (!this.#slots.isNextFree) return;
    native.wipe(this.#nextWithBetween);
    this.#nextBytes = 0;
  }

  /** the slot that is not in use and what lies between the two */
  get #nextWithBetween(): Uint8Array {
    const isFirst = this.#slots.next.byteOffset === this.#memory.byteOffset + layout.first;
    const start = isFirst ? layout.first : layout.between;
    return this.#memory.subarray(start, start + maxAccessTokenBytes + slotBytes);
  }
}

const reasons: Readonly<Record<string, string>> = {
  MISSING: "stdin holds none",
  BAD_CHARACTER: "it holds a character that none has",
  TOO_LARGE: `it has more than ${maxGithubTokenBytes} bytes`,
  TOO_LONG_TO_TYPE: "it is too long to be typed",
  MORE_THAN_ONE_LINE: "only line ends may follow it",
  STALLED: "none arrived on stdin within 30 seconds",
};

function refuseRequestToken(failure: string, errno: number, keySource?: string): HardeningError {
  return new HardeningError(
    "HRD_ERR_REQUEST_TOKEN",
    reasons[failure] ?? `stdin cannot be read: ${errnoName(errno)}`,
    { keySource },
  );
}
