// Who may use the proxy: every new connection is identified where anybody wants to know, and each request
// passes the rules on users and on tokens. Where none is given, every user of the machine may.
// Whatever goes wrong on the way refuses.

import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { lookUpAccount } from "../../hardening/accounts.ts";
import { openPeerQuery, overflowUids, whyUidsAreMapped } from "../../hardening/peer.ts";
import type { Connection } from "../../hardening/tcp.ts";
import { RequestBudget } from "../admin/request-budget.ts";
import { ProxyError, StartError } from "../errors.ts";
import { Accounts } from "./accounts.ts";
import { identify, nameUsersBy, noteToken, type Peer, peerOf, readPeer } from "./client.ts";
import type { ClientToken } from "./client-token.ts";
import { RefusalLog } from "./refusal-log.ts";
import { type PeerRuleOptions, PeerRules, type PeerVerdict } from "./rules.ts";
import { ClientTokens } from "./token-check.ts";
import { readClientTokens } from "./token-file.ts";

export interface AccessOptions extends PeerRuleOptions {
  /** the file of client tokens, undefined where none are wanted */
  readonly clientTokens: string | undefined;
  /** whether rules or records want to know who connects */
  readonly needsPeer: boolean;
}

export interface AccessSetup {
  /** the TCP socket that listens, undefined where there is none */
  readonly listenFd: number | undefined;
  readonly startUid: number | undefined;
  readonly say: (line: string) => void;
}

export type OnTurnedAway = (peer: Peer) => void;

export interface Access {
  /** whether there is any rule */
  readonly isLimited: boolean;
  /**
   * To be told of every new connection.
   *
   * @param onTurnedAway - called when it is closed without an answer
   * @returns false where that is at once
   */
  meet(socket: Socket, onTurnedAway: OnTurnedAway): boolean;
  /**
   * Whether it is worth making a socket of a connection. Not where it would be closed without an answer:
   * then that is told, and the caller is to close it. A doubt is left to {@link meet}.
   */
  mayEnter(connection: Connection, onTurnedAway: OnTurnedAway): boolean;
  /**
   * Decide on a request.
   *
   * @returns undefined or a fulfilled promise where it is let in
   * @throws {ProxyError} PXY_ERR_PEER or PXY_ERR_CLIENT_TOKEN, or rejects with one
   */
  authorise(request: IncomingMessage): Promise<void> | undefined;
  /** Exchange the client tokens; undefined where there were none from the start. */
  readonly replaceTokens: ((tokens: readonly ClientToken[]) => void) | undefined;
}

// A refused peer is told so when it has sent a request, and is not waited for longer than this.
const refusedLingerMs = 5_000;

// How many refused connections may wait for that at a time. These, and the few a second that are told at
// all, take neither places nor time from others; the rest is closed without a word.
const maxRefusedOpen = 64;

// A name is for the message alone: a user database that hangs is not waited for.
const nameTimeoutMs = 500;

/**
 * Read the rules; to be done before the process is locked down.
 *
 * @throws {StartError} PXY_START_ACCESS or PXY_START_CLIENT_TOKENS for rules that cannot be kept
 */
export function openAccess(options: AccessOptions, setup: AccessSetup): Access {
  const isRuled = options.allowUsers.length + options.allowGroups.length + options.allowUids.length > 0;
  const accounts = new Accounts(lookUpAccount);
  nameUsersBy(accounts);

  const doubt = options.needsPeer ? openPeers(setup.listenFd) : undefined;
  const refuseDoubt = (option: string): void => {
    if (doubt !== undefined) throw new StartError("PXY_START_ACCESS", `${option} cannot be kept: ${doubt}`);
  };
  const nobodies = overflowUids();
  const rules = isRuled ? new PeerRules(options, nobodies, accounts) : undefined;
  if (isRuled) refuseDoubt("--allow-user, --allow-uid or --allow-group");

  const refuseUnkeepable = (tokens: readonly ClientToken[]): readonly ClientToken[] => {
    if (tokens.some(({ uid }) => uid !== undefined)) refuseDoubt("a token's uid in --client-tokens");
    if (!tokens.some(({ uid }) => uid !== undefined && nobodies.has(uid))) return tokens;
    throw new StartError(
      "PXY_START_CLIENT_TOKENS",
      "a token in --client-tokens is bound to a uid that stands for users who cannot be told apart",
    );
  };
  const { clientTokens: file } = options;
  const tokens =
    file === undefined
      ? undefined
      : new ClientTokens(refuseUnkeepable(readClientTokens(file, setup.startUid)));

  if (tokens?.isEmpty) setup.say("codex: warning: --client-tokens names no token: nobody is let in");
  return new Doorkeeper(
    options.needsPeer && doubt === undefined,
    rules,
    tokens,
    nobodies,
    accounts,
    new RefusalLog(setup.say),
    refuseUnkeepable,
  );
}

function openPeers(listenFd: number | undefined): string | undefined {
  return whyUidsAreMapped() ?? (listenFd === undefined ? undefined : openPeerQuery(listenFd));
}

class Doorkeeper implements Access {
  readonly #identifies: boolean;
  readonly #rules: PeerRules | undefined;
  readonly #tokens: ClientTokens | undefined;
  readonly #nobodies: ReadonlySet<number>;
  readonly #accounts: Accounts;
  readonly #log: RefusalLog;
  // null: let in
  readonly #verdicts = new WeakMap<Socket, string | null | Promise<PeerVerdict>>();
  readonly replaceTokens: Access["replaceTokens"];
  #refusedOpen = 0;
  readonly #tellings = new RequestBudget();

  constructor(
    identifies: boolean,
    rules: PeerRules | undefined,
    tokens: ClientTokens | undefined,
    nobodies: ReadonlySet<number>,
    accounts: Accounts,
    log: RefusalLog,
    check: (tokens: readonly ClientToken[]) => readonly ClientToken[],
  ) {
    this.#identifies = identifies;
    this.#rules = rules;
    this.#tokens = tokens;
    this.#nobodies = nobodies;
    this.#accounts = accounts;
    this.#log = log;
    this.replaceTokens = tokens && ((list) => tokens.replace(check(list)));
  }

  get isLimited(): boolean {
    return this.#rules !== undefined || this.#tokens !== undefined;
  }

  mayEnter(connection: Connection, onTurnedAway: OnTurnedAway): boolean {
    if (this.#rules === undefined || this.#hasTimeToTell()) return true;
    const peer = readPeer(connection);
    const verdict = this.#rules.decide(peer);
    if (typeof verdict === "string") this.#turnAway(peer, verdict, onTurnedAway);
    return typeof verdict !== "string";
  }

  meet(socket: Socket, onTurnedAway: OnTurnedAway): boolean {
    if (!this.#identifies) return true;
    const peer = identify(socket);
    if (this.#rules === undefined) return true;
    const verdict = this.#rules.decide(peer);
    this.#verdicts.set(socket, verdict ?? null);
    if (typeof verdict === "string") return this.#limitRefused(socket, verdict, onTurnedAway);
    verdict?.then((late) => late === undefined || this.#limitRefused(socket, late, onTurnedAway));
    return true;
  }

  authorise(request: IncomingMessage): Promise<void> | undefined {
    if (this.#rules === undefined) return this.#checkToken(request);
    const { socket } = request;
    const verdict = this.#verdicts.get(socket);
    if (verdict === undefined) return this.#refusePeer(peerOf(socket), "it was not looked at");
    if (verdict === null) return this.#checkToken(request);
    if (typeof verdict === "string") return this.#refusePeer(peerOf(socket), verdict);
    return verdict.then((late) =>
      late === undefined ? this.#checkToken(request) : this.#refusePeer(peerOf(socket), late),
    );
  }

  #checkToken(request: IncomingMessage): undefined {
    if (this.#tokens === undefined) return;
    const { uid } = peerOf(request.socket);
    const isCertain = uid !== undefined && !this.#nobodies.has(uid);
    try {
      noteToken(request, this.#tokens.nameFor(request.rawHeaders, isCertain ? uid : undefined));
    } catch (error) {
      const { message } = error as Error;
      this.#whoIs(peerOf(request.socket)).then((who) => this.#log.note(who, message));
      throw error;
    }
  }

  async #refusePeer(peer: Peer, why: string): Promise<never> {
    const who = this.#whoAtOnce(peer) ?? (await this.#whoIs(peer));
    this.#log.note(who, why);
    throw new ProxyError("PXY_ERR_PEER", `${who}: ${why}`);
  }

  // undefined where the user database has to be asked.
  #whoAtOnce({ uid, transport }: Peer): string | undefined {
    if (uid === undefined) return transport === "tcp" ? "a TCP client" : "a client of the socket";
    const known = this.#accounts.known(uid);
    return known && nameAndUid(uid, known.account?.name);
  }

  async #whoIs(peer: Peer): Promise<string> {
    const { uid } = peer;
    const who = this.#whoAtOnce(peer);
    if (who !== undefined || uid === undefined) return who ?? "";
    return nameAndUid(uid, this.#accounts.nameOf(uid) ?? (await this.#nameInTime(uid)));
  }

  #nameInTime(uid: number): Promise<string | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, nameTimeoutMs, undefined);
      const tell = (name: string | undefined) => {
        clearTimeout(timer);
        resolve(name);
      };
      this.#accounts.of(uid).then(
        (account) => tell(account?.name),
        () => tell(undefined),
      );
    });
  }

  #hasTimeToTell(): boolean {
    return this.#refusedOpen < maxRefusedOpen && this.#tellings.hasLeft();
  }

  #turnAway(peer: Peer, why: string, onTurnedAway: OnTurnedAway): void {
    onTurnedAway(peer);
    const who = this.#whoAtOnce(peer);
    if (who !== undefined) this.#log.note(who, why);
    else this.#whoIs(peer).then((later) => this.#log.note(later, why));
  }

  #limitRefused(socket: Socket, why: string, onTurnedAway: OnTurnedAway): boolean {
    if (this.#refusedOpen >= maxRefusedOpen || !this.#tellings.take()) {
      const peer = peerOf(socket);
      socket.destroy();
      this.#turnAway(peer, why, onTurnedAway);
      return false;
    }
    this.#refusedOpen++;
    const timer = setTimeout(() => socket.destroy(), refusedLingerMs);
    socket.once("close", () => {
      this.#refusedOpen--;
      clearTimeout(timer);
    });
    return true;
  }
}

function nameAndUid(uid: number, name: string | undefined): string {
  return name === undefined ? `uid ${uid}` : `uid ${uid} (${name})`;
}
