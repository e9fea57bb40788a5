// Whose browser it is that talks to the callback server. Who has seen the address of a login, in the list of
// processes for one, could bring it a login of his own account: so what another user of this computer sends
// does not count.

import type { Socket } from "node:net";
import type { Environment } from "../environment.ts";
import { readSocketTable, tableEnds } from "../socket-table.ts";

/** Who may bring a login. */
export interface CallbackUsers {
  readonly uids: readonly number[];
}

/**
 * The users whose browser may bring the login: this one, root, and the owner of the terminal on which the
 * address is printed, who is another after su(1).
 *
 * @returns undefined where the kernel cannot be asked: not on Linux, or in WSL, whose browsers are Windows's
 */
export function callbackUsers(
  environment: Environment,
  terminalOwner: number | undefined,
  platform: NodeJS.Platform = process.platform,
): CallbackUsers | undefined {
  const uid = process.geteuid?.();
  if (platform !== "linux" || uid === undefined || environment.WSL_DISTRO_NAME) return undefined;
  return { uids: [0, uid, ...(terminalOwner === undefined ? [] : [terminalOwner])] };
}

/**
 * Whether the other end of a connection on loopback belongs to one of `users`.
 *
 * @param socket - of the server
 * @returns false for a peer that is gone: one that reads no answer is no browser, and nobody's any more
 */
export function isFrom(
  users: CallbackUsers | undefined,
  socket: Pick<Socket, "localAddress" | "localPort" | "remoteAddress" | "remotePort">,
  readTable = readSocketTable,
): boolean {
  if (users === undefined) return true;
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  if (localAddress === undefined || localPort === undefined) return false;
  if (remoteAddress === undefined || remotePort === undefined) return false;
  const here = tableEnds(localAddress, localPort);
  const there = tableEnds(remoteAddress, remotePort);
  const table = readTable() ?? [];
  // A table without this server is none of this network: it says nothing.
  if (!table.some(({ isListening, local }) => isListening && here.includes(local))) return true;
  return table.some(
    ({ local, remote, uid, isHeld }) =>
      isHeld && there.includes(local) && here.includes(remote) && users.uids.includes(uid),
  );
}
