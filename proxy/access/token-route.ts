// POST /client-tokens on the admin socket: other client tokens, without a restart. The locked process may
// not be able to read the file any more, so its content comes along.

import type { UnixPeer } from "../../hardening/peer.ts";
import type { AdminServer } from "../admin/admin-server.ts";
import { AdminError } from "../admin/errors.ts";
import { StartError } from "../errors.ts";
import type { Access } from "./access.ts";
import { ClientTokenFileError, parseClientTokens } from "./client-token.ts";

/** To be told who has replaced the tokens, and how many there are now. */
export type OnTokensReplaced = (by: UnixPeer, tokens: number) => void;

/** Add the route. What is refused changes nothing. */
export function addTokenRoute(
  admin: AdminServer,
  { replaceTokens }: Access,
  onReplaced: OnTokensReplaced,
): void {
  admin.route("POST", "/client-tokens", { isPrivileged: true }, ({ body, peer }) => {
    if (replaceTokens === undefined) {
      throw new AdminError("ADM_ERR_CLIENT_TOKENS", "the proxy was started without --client-tokens");
    }
    try {
      const tokens = parseClientTokens(body.toString("utf8"));
      replaceTokens(tokens);
      onReplaced(peer, tokens.length);
      return { body: `${JSON.stringify({ status: "replaced", tokens: tokens.length })}\n` };
    } catch (cause) {
      if (!(cause instanceof ClientTokenFileError) && !(cause instanceof StartError)) throw cause;
      throw new AdminError("ADM_ERR_CLIENT_TOKENS", cause.message, { cause });
    }
  });
}
