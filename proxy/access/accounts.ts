// Names and groups of users, remembered for a minute. The databases may hang behind a network: one
// question is asked at a time, so that the thread pool stays free for name resolution and files.

import type { Account } from "../../hardening/accounts.ts";

export type LookUp = (uid: number) => Promise<Account | undefined>;

const keepMs = 60_000;

// Whoever waits for it holds a connection.
const answerTimeoutMs = 5_000;

// The kernel vouches for uids; more of them than this is somebody who plays with subordinate ids.
const maxRemembered = 4_096;
const maxWaiting = 64;

interface Entry {
  readonly account: Promise<Account | undefined>;
  readonly askedAt: number;
  name: string | undefined;
  /** the account, once it is known whether there is one */
  known: Account | undefined;
  isKnown: boolean;
}

function inTime<Value>(answer: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the user database does not answer")), answerTimeoutMs);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

// Names go to logs.
function printable(account: Account | undefined): Account | undefined {
  return account && { ...account, name: account.name.replace(/[^\x21-\x7e]/g, "?") };
}

/** The accounts of users by uid. */
export class Accounts {
  readonly #entries = new Map<number, Entry>();
  readonly #lookUp: LookUp;
  readonly #now: () => number;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** @param now - milliseconds that never go back */
  constructor(lookUp: LookUp, now = () => performance.now()) {
    this.#lookUp = lookUp;
    this.#now = now;
  }

  /**
   * The account of a uid, undefined where there is none.
   *
   * @throws where it cannot be looked up
   */
  of(uid: number): Promise<Account | undefined> {
    const known = this.#entries.get(uid);
    if (known !== undefined && this.#now() - known.askedAt < keepMs) return known.account;
    if (this.#waiting >= maxWaiting) return Promise.reject(new Error("too many users are being looked up"));
    const entry: Entry = {
      account: this.#ask(uid),
      askedAt: this.#now(),
      name: known?.name,
      known: undefined,
      isKnown: false,
    };
    this.#remember(uid, entry);
    return entry.account;
  }

  /** Whether it need not be asked for now; `account` is undefined where there is none. */
  known(uid: number): { readonly account: Account | undefined } | undefined {
    const entry = this.#entries.get(uid);
    if (!entry?.isKnown || this.#now() - entry.askedAt >= keepMs) return undefined;
    return { account: entry.known };
  }

  /** The name, if it is known by now, be it from more than a minute ago. */
  nameOf(uid: number): string | undefined {
    return this.#entries.get(uid)?.name;
  }

  #ask(uid: number): Promise<Account | undefined> {
    this.#waiting++;
    const answer = this.#last.then(() => this.#lookUp(uid)).then(printable);
    this.#last = answer.catch(() => {}).then(() => this.#waiting--);
    return inTime(answer);
  }

  #remember(uid: number, entry: Entry): void {
    this.#entries.delete(uid);
    this.#entries.set(uid, entry);
    if (this.#entries.size > maxRemembered) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    entry.account.then(
      (account) => {
        entry.name = account?.name;
        entry.known = account;
        entry.isKnown = true;
      },
      () => {
        // A failure is asked again.
        if (this.#entries.get(uid) === entry) this.#entries.delete(uid);
      },
    );
  }
}
