// Which users may connect: those named by --allow-user, --allow-uid and --allow-group, all found out at
// the start. Whoever cannot be told for certain, user or group, is not among them.

import { type Account, gidOfName, uidOfName } from "../../hardening/accounts.ts";
import { StartError } from "../errors.ts";
import type { Accounts } from "./accounts.ts";
import type { Peer } from "./client.ts";

export interface PeerRuleOptions {
  /** NAME or UID */
  readonly allowUsers: readonly string[];
  /** NAME or GID */
  readonly allowGroups: readonly string[];
  readonly allowUids: readonly number[];
}

/** Why a peer is refused, in words for it and for the log. undefined where it is let in. */
export type PeerVerdict = string | undefined;

// (uid_t) -1 stands for no user at all, setresuid(2).
const maxId = 4_294_967_294;

export class PeerRules {
  readonly #uids: ReadonlySet<number>;
  readonly #gids: ReadonlySet<number>;
  readonly #overflowUids: ReadonlySet<number>;
  readonly #accounts: Accounts;
  /** the options in force, for messages */
  readonly #options: string;

  /**
   * Resolve every name.
   *
   * @param overflowUids - uids and gids that name nobody
   * @throws {StartError} PXY_START_ACCESS for one that does not exist or can never match
   */
  constructor(options: PeerRuleOptions, overflowUids: ReadonlySet<number>, accounts: Accounts) {
    const { allowUsers, allowGroups, allowUids } = options;
    this.#uids = new Set([
      ...allowUsers.map((user) => resolve("--allow-user", user, uidOfName, overflowUids)),
      ...allowUids.map((uid) => resolve("--allow-uid", String(uid), () => undefined, overflowUids)),
    ]);
    this.#gids = new Set(
      allowGroups.map((group) => resolve("--allow-group", group, gidOfName, overflowUids)),
    );
    this.#overflowUids = overflowUids;
    this.#accounts = accounts;
    this.#options = [
      ...(allowUsers.length > 0 ? ["--allow-user"] : []),
      ...(allowUids.length > 0 ? ["--allow-uid"] : []),
      ...(allowGroups.length > 0 ? ["--allow-group"] : []),
    ].join(", ");
  }

  /** Decide on a connection. At once, unless groups have to be looked up. Never rejects. */
  decide(peer: Peer): PeerVerdict | Promise<PeerVerdict> {
    const { uid } = peer;
    if (uid === undefined) return `whose connection this is cannot be told (${peer.failure ?? "unknown"})`;
    if (this.#overflowUids.has(uid)) return `uid ${uid} stands for users who cannot be told apart`;
    if (this.#uids.has(uid)) return undefined;
    if (this.#gids.size === 0) return this.#not();
    // The kernel's list where there is one: it is what the process was when it connected.
    if (peer.groups !== undefined) return this.#hasGroup(peer.groups) ? undefined : this.#not();
    const known = this.#accounts.known(uid);
    if (known !== undefined) return this.#ofAccount(known.account);
    return this.#accounts.of(uid).then(
      (account) => this.#ofAccount(account),
      () => "its groups cannot be looked up",
    );
  }

  #ofAccount(account: Account | undefined): PeerVerdict {
    return account !== undefined && this.#hasGroup(account.groups) ? undefined : this.#not();
  }

  #hasGroup(groups: readonly number[]): boolean {
    return groups.some((gid) => this.#gids.has(gid) && !this.#overflowUids.has(gid));
  }

  #not(): string {
    return `not allowed by ${this.#options}`;
  }
}

function resolve(
  option: string,
  text: string,
  find: (name: string) => number | undefined,
  overflowIds: ReadonlySet<number>,
): number {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : find(text);
  const kind = option === "--allow-group" ? "group" : "user";
  if (id === undefined) throw new StartError("PXY_START_ACCESS", `${option}: there is no such ${kind}`);
  if (id > maxId) throw new StartError("PXY_START_ACCESS", `${option}: there is no such number`);
  if (!overflowIds.has(id)) return id;
  throw new StartError(
    "PXY_START_ACCESS",
    `${option}: ${id} stands for every ${kind} that the kernel cannot name, so it is never let in`,
  );
}
