// When the access token is renewed: before it expires, and after the upstream has refused it. One
// renewal at a time. A request that finds a usable token never waits.

import { ProxyError } from "../errors.ts";

/** What forwarding knows of a key that changes. */
export interface Credential {
  /** counts the tokens; which one a request goes out with */
  readonly generation: number;
  /**
   * @returns undefined where the token can be used now, else when one can
   * @throws {ProxyError} PXY_ERR_CREDENTIAL, as a rejection
   */
  ready(): Promise<void> | undefined;
  /** The upstream answered 401 to a request of this generation: the next request gets a new token. */
  refused(generation: number): void;
}

export interface CredentialSetup {
  /** fetches a new token and takes it into use; for how many milliseconds it can be used, from now on */
  readonly renew: () => Promise<number>;
  readonly onFailure: (error: Error, isUsable: boolean) => void;
  /** milliseconds that never go back */
  readonly now: () => number;
}

// At 80 % of its life or a minute before its end, whichever is earlier, so that a request sent just
// before arrives with a token that is still good; of short lives half is always used.
const renewAtShare = 0.8;
const renewBeforeEndMs = 60_000;
const leastShare = 0.5;

// What setTimeout takes at most: 2^31 - 1. A renewal that is early does no harm.
const maxTimerMs = 2_147_483_647;

const firstRetryMs = 1_000;
const maxRetryMs = 60_000;

/** @returns after how much of its life a token is renewed */
export function renewAfterMs(lifetimeMs: number): number {
  const early = Math.min(lifetimeMs * renewAtShare, lifetimeMs - renewBeforeEndMs);
  return Math.min(Math.max(early, lifetimeMs * leastShare), maxTimerMs);
}

export class RenewedCredential implements Credential {
  readonly #setup: CredentialSetup;
  #generation = 0;
  #usableUntil = Number.NEGATIVE_INFINITY;
  #expiresAt = Number.NEGATIVE_INFINITY;
  #renewal: Promise<void> | undefined;
  #failures = 0;
  #notBefore = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(setup: CredentialSetup) {
    this.#setup = setup;
  }

  get generation(): number {
    return this.#generation;
  }

  /** whether there is a token that has not expired, refused or not: the next request renews a refused one */
  get isPresent(): boolean {
    return this.#setup.now() < this.#expiresAt;
  }

  /** Fetch the first token, or fail with what stood in the way. */
  start(): Promise<void> {
    return this.#renew();
  }

  ready(): Promise<void> | undefined {
    const now = this.#setup.now();
    if (now < this.#usableUntil) return undefined;
    const isWaiting = this.#renewal === undefined && now < this.#notBefore;
    const renewal = isWaiting ? Promise.reject(new Error("it failed a moment ago")) : this.#renew();
    return renewal.catch((cause) => {
      throw new ProxyError("PXY_ERR_CREDENTIAL", undefined, { cause });
    });
  }

  refused(generation: number): void {
    if (generation === this.#generation) this.#usableUntil = Number.NEGATIVE_INFINITY;
  }

  #renew(): Promise<void> {
    this.#renewal ??= this.#attempt().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #attempt(): Promise<void> {
    clearTimeout(this.#timer);
    const began = this.#setup.now();
    try {
      const lifetimeMs = await this.#setup.renew();
      this.#generation++;
      this.#failures = 0;
      this.#usableUntil = began + lifetimeMs;
      this.#expiresAt = this.#usableUntil;
      this.#renewIn(renewAfterMs(lifetimeMs));
    } catch (error) {
      const retryMs = Math.min(firstRetryMs * 2 ** this.#failures++, maxRetryMs);
      const now = this.#setup.now();
      this.#notBefore = now + retryMs;
      this.#renewIn(retryMs);
      this.#setup.onFailure(error as Error, now < this.#usableUntil);
      throw error;
    }
  }

  #renewIn(delayMs: number): void {
    this.#timer = setTimeout(() => this.#renew().catch(() => {}), delayMs);
    this.#timer.unref();
  }
}
