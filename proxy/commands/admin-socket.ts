// The admin socket that a command is for: named itself, or by the server info of its proxy.

import { CommandError } from "./errors.ts";
import { defaultServerInfo, findRunningProxy } from "./running-proxy.ts";

const privilegeHint = "the admin socket is for root and for the user who started the proxy";

/** What to say where an admin socket cannot be connected to. */
export function cannotConnect(path: string, code: string | undefined): CommandError {
  const hint = code === "EACCES" ? { hint: privilegeHint } : {};
  return new CommandError("CMD_UNREACHABLE", `cannot connect to ${path}: ${code}`, hint);
}

export interface AdminSocketOptions {
  readonly serverInfo?: string;
  readonly adminSocket?: string;
}

/**
 * Find the socket's path, or `@name` of an abstract one. Without either option it is that of the service.
 *
 * @returns `named` is the file that was given, whose owner is trusted
 * @throws {CommandError} where there is none
 */
export async function findAdminSocket(options: AdminSocketOptions): Promise<{ path: string; named: string }> {
  const { serverInfo, adminSocket } = options;
  if (serverInfo !== undefined && adminSocket !== undefined) {
    throw new CommandError("CMD_USAGE", "give either --server-info or --admin-socket");
  }
  if (adminSocket !== undefined) return { path: adminSocket, named: adminSocket };
  const named = serverInfo ?? defaultServerInfo;
  const { admin_socket: path } = await findRunningProxy(named);
  if (path === undefined) {
    throw new CommandError("CMD_NO_ADMIN_SOCKET", `the proxy of ${named} was started without --admin-socket`);
  }
  return { path, named };
}
