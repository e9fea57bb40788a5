// Questions to a running proxy over its admin socket.

import http from "node:http";
import { CommandError } from "./errors.ts";
import { readServerInfo, toSocketPath } from "./running-proxy.ts";

const timeoutMs = 5000;
const maxAnswerBytes = 16 * 1024 * 1024;

export interface AdminPlace {
  readonly adminSocket?: string;
  readonly serverInfo?: string;
}

/**
 * The admin socket that the options name.
 *
 * @throws {CommandError} where they name none, or two
 */
export function adminSocketOf({ adminSocket, serverInfo }: AdminPlace): string {
  if ((adminSocket === undefined) === (serverInfo === undefined)) {
    throw new CommandError("CMD_USAGE", "give --admin-socket PATH or --server-info FILE");
  }
  if (adminSocket !== undefined) return adminSocket;
  const info = readServerInfo(serverInfo as string);
  if (info === undefined) throw new CommandError("CMD_NOT_RUNNING", `not running: there is no ${serverInfo}`);
  if (info.admin_socket === undefined) {
    throw new CommandError("CMD_UNREACHABLE", "the proxy has no admin socket", {
      hint: "start it with --admin-socket PATH",
    });
  }
  return info.admin_socket;
}

/**
 * GET a path of the admin socket that answers in JSON.
 *
 * @throws {CommandError} CMD_UNREACHABLE with what the proxy or the system says
 */
export function readAdmin(socket: string, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string) =>
      reject(new CommandError("CMD_UNREACHABLE", `${socket} does not answer ${path}: ${reason}`));
    const request = http.get({ socketPath: toSocketPath(socket), path, agent: false, timeout: timeoutMs });
    request.on("timeout", () => request.destroy(Object.assign(new Error(), { code: "ETIMEDOUT" })));
    request.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? "unknown error"));
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxAnswerBytes) request.destroy();
        else chunks.push(chunk);
      });
      response.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? "cut off"));
      response.on("end", () => {
        if (response.statusCode !== 200) fail(`status ${response.statusCode}`);
        try {
          resolve(JSON.parse(Buffer.concat(chunks).toString("utf8")));
        } catch {
          fail("it is no JSON");
        }
      });
    });
  });
}
