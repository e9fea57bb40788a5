// Whether a request carries a client token that is on the list. Every entry is compared, in constant
// time, whichever matches; the token itself is kept nowhere.

import { timingSafeEqual } from "node:crypto";
import { ProxyError } from "../errors.ts";
import { valuesOf } from "../headers.ts";
import { type ClientToken, digestOf } from "./client-token.ts";

/** A header of its own, for clients whose Authorization is taken; never sent on. */
export const tokenHeader = "x-codex-proxy-token";

const maxTokenLength = 512;

/** The tokens that are let in, and may be exchanged for others while requests are served. */
export class ClientTokens {
  #tokens: readonly ClientToken[];
  readonly #now: () => number;

  /** @param now - Unix time in milliseconds */
  constructor(tokens: readonly ClientToken[], now: () => number = Date.now) {
    this.#tokens = tokens;
    this.#now = now;
  }

  get isEmpty(): boolean {
    return this.#tokens.length === 0;
  }

  replace(tokens: readonly ClientToken[]): void {
    this.#tokens = tokens;
  }

  /**
   * Look for the request's token.
   *
   * @param rawHeaders - as they came
   * @param uid - the peer's, undefined where it is not known for certain
   * @returns the token's name
   * @throws {ProxyError} PXY_ERR_CLIENT_TOKEN saying what is wrong, never with a byte of the token
   */
  nameFor(rawHeaders: readonly string[], uid: number | undefined): string {
    const token = tokenOf(rawHeaders);
    if (token === "" || token.length > maxTokenLength) throw refuse("it is not known");
    const digest = digestOf(token);
    let found: ClientToken | undefined;
    for (const known of this.#tokens) {
      if (timingSafeEqual(known.digest, digest)) found = known;
    }
    if (found === undefined) throw refuse("it is not known");
    if (found.uid !== undefined && found.uid !== uid) throw refuse("it is bound to another user");
    if (found.expiresAtMs !== undefined && this.#now() >= found.expiresAtMs) throw refuse("it has expired");
    return found.name;
  }
}

// RFC 6750 2.1. Where the header of its own is there it counts alone: SDKs send an Authorization of their
// own whatever one does.
function tokenOf(rawHeaders: readonly string[]): string {
  const own = valuesOf(rawHeaders, tokenHeader);
  if (own.length > 1) throw refuse(`there is more than one ${tokenHeader} header`);
  if (own[0] !== undefined) return own[0];
  const authorization = valuesOf(rawHeaders, "authorization");
  if (authorization.length > 1) throw refuse("there is more than one Authorization header");
  const token = /^bearer +([^ ]+)$/i.exec(authorization[0] ?? "")?.[1];
  if (token === undefined) throw refuse(`send one as Authorization: Bearer, or as ${tokenHeader}`);
  return token;
}

function refuse(detail: string): ProxyError {
  return new ProxyError("PXY_ERR_CLIENT_TOKEN", detail);
}
