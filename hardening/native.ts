// The typed face of the addon, and the only file that knows where it lies. Loading it hardens the
// process as a side effect (native/addon/constructor.c); the launcher does so before any script.

import { createRequire } from "node:module";

/** What the kernel says of this process; fields that a platform lacks are absent. */
export interface ProcessFacts {
  readonly coreLimitBytes: number;
  readonly lockLimitBytes: number;
  /** errno of an attempted bind(2), 0 where it worked */
  readonly bindErrno: number;
  readonly dumpable?: number;
  readonly noNewPrivileges?: number;
  /** errno of an attempted io_uring_setup(2) */
  readonly ioUringErrno?: number;
  /** errno of reading /var, which every user may read */
  readonly readVarErrno?: number;
  /** errno of a TCP connection to the forbidden port of this machine */
  readonly connectErrno?: number;
  /** whether the executed file was one that its user cannot read */
  readonly runsUnreadably?: boolean;
  /** errno of memfd_create(2), which the lock denies */
  readonly memfdErrno?: number;
  /** whether the main thread has any capability that it can use */
  readonly hasCapabilities?: boolean;
  readonly tracerPid?: number;
  readonly seccompMode?: number;
  readonly inUserNamespace?: boolean;
  /** uid that owns the user namespace, seen from inside; -1 where unknown */
  readonly userNamespaceOwner?: number;
}

export type KeyReadResult =
  | { readonly length: number }
  | { readonly failure: string; readonly errno: number };

/** What of an HTTP reply has arrived; the rest is meaningful once it is whole. */
export interface HttpReplyFacts {
  readonly state: "incomplete" | "malformed" | "whole";
  readonly status: number;
  /** the body, chunks joined, as a place in the bytes that were looked at */
  readonly start: number;
  readonly length: number;
}

export type TokenReplyFacts =
  | { readonly failure: "MALFORMED" | "NO_TOKEN" | "BAD_CHARACTER" | "TOO_LARGE" }
  | {
      readonly length: number;
      /** right is Bearer, in any case */
      readonly tokenType: "absent" | "right" | "wrong";
      /** right is urn:ietf:params:oauth:token-type:access_token */
      readonly issuedType: "absent" | "right" | "wrong";
      /** whole seconds; -1 where absent, -2 where it is no whole number */
      readonly expiresIn: number;
      /** seconds since 1970; likewise */
      readonly expiresAt: number;
    };

/** The process that made a connection, as it was then. */
export interface UnixPeer {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** supplementary */
  readonly groups: readonly number[];
}

/** Why nobody can be named: the other end has gone, the answer is in doubt, or the kernel gives none. */
export type PeerFailure = "gone" | "unclear" | "unavailable";

/** A user as the system's databases know it. */
export interface Account {
  readonly name: string;
  /** primary and supplementary */
  readonly groups: readonly number[];
}

interface Native {
  mapSecretMemory(bytes: number): { readonly memory: Uint8Array } | { readonly errno: number };
  /** errno, 0 for success */
  lockMemory(memory: Uint8Array): number;
  readKey(fd: number, slot: Uint8Array, timeoutMs: number): KeyReadResult;
  fillRandomKey(slot: Uint8Array, length: number): void;
  /** joins the chunks of a whole reply in place */
  readHttpReply(bytes: Uint8Array, atEnd: boolean): HttpReplyFacts;
  /** moves a member of the JSON object into the slot; uses the body up */
  takeToken(body: Uint8Array, member: string, slot: Uint8Array): TokenReplyFacts;
  /** RFC 6749's code of a refusal, empty where there is none */
  errorCodeOf(body: Uint8Array): string;
  /** zeroes what returned functions left on the stack */
  wipeStack(): void;
  /** overwrites the key in `data`; the length of a tail to hold back, plus 65536 where it was found */
  maskEcho(key: Uint8Array, data: Uint8Array): number;
  /** what is kept of a key that is replaced; not to be looked into */
  fingerprintKey(key: Uint8Array): Uint8Array;
  /** overwrites the key of that fingerprint in `data`; whether it was there */
  maskFormerKey(fingerprint: Uint8Array, data: Uint8Array): boolean;
  /** as readKey, on a thread of its own, from a socket of which the descriptor is duplicated; undefined while another is awaited */
  receiveKey(fd: number, slot: Uint8Array, timeoutMs: number): Promise<KeyReadResult> | undefined;
  /** ends the wait for a key, for good: its thread would hold up the exit */
  stopReceivingKey(): void;
  /** writes the key and a newline; blocks the thread; errno, 0 for success */
  sendKey(fd: number, key: Uint8Array, timeoutMs: number): number;
  wipe(memory: Uint8Array): void;
  wipeOnFatalSignals(memory: Uint8Array): void;
  replaceWithNull(fd: number): number;
  /** whether a write of a line to the descriptor would not block */
  canWrite(fd: number): boolean;
  /** tcpi_state of TCP_INFO, 0 where it cannot be known */
  tcpState(fd: number): number;
  /** closing the descriptor resets the connection */
  resetOnClose(fd: number): void;
  /** of a unix socket; undefined where the kernel does not tell */
  unixPeer(fd: number): UnixPeer | undefined;
  isUnixSocket(fd: number): boolean;
  /** a descriptor to ask about TCP connections by, or -errno */
  openPeerQuery(): number;
  /** whether the kernel knows a socket of this process that listens */
  findsListener(query: number, fd: number): boolean;
  tcpPeer(query: number, fd: number): { readonly uid: number } | { readonly failure: PeerFailure };
  /** undefined where there is no such user */
  lookUpAccount(uid: number): Promise<Account | { readonly errno: number } | undefined>;
  /** undefined for a name that does not exist; any number exists */
  findUser(nameOrUid: string): { readonly uid: number; readonly gid: number } | undefined;
  findGroup(nameOrGid: string): number | undefined;
  /** the step that failed, undefined for success */
  dropPrivileges(uid: number, gid: number): string | undefined;
  /** errno, 0 for success */
  lock(hasJanitor: boolean, makesFiles: boolean): number;
  /** errno, 0 for success; -1 for no folder at all */
  fenceNewFiles(folderFd: number): number;
  /** @param forbiddenPort - a TCP port to which nothing should let the process connect */
  readFacts(forbiddenPort: number): ProcessFacts;
}

export const native = createRequire(import.meta.url)("#native") as Native;
