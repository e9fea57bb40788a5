// The file in which a running proxy says where it is. Anybody may have written it: it is looked at for
// what it is, whose it is, and whether the process that it names is the one that wrote it.

import fs from "node:fs";
import { isIPv4, isIPv6 } from "node:net";
import { isLoopbackHost } from "../http/loopback.ts";
import { parseObject } from "../json-object.ts";
import { shellWord } from "../shell-word.ts";
import { ProxyEndpointError } from "./errors.ts";
import { isWritableForOthers, weaknessOfWay } from "./path-trust.ts";
import { livenessOf, type ProcessIdentity, userIdsOf } from "./process-identity.ts";

const maxFileBytes = 16 * 1024;

/** What clients need of it. */
export interface ServerInfo extends ProcessIdentity {
  /** absent where the proxy listens on a unix socket alone */
  readonly port?: number;
  /** without brackets, always this machine; 127.0.0.1 unless the file says otherwise */
  readonly host: string;
  /** path of the unix socket, or `@name` of an abstract one */
  readonly socket?: string;
  /** whether that very process was seen; false where that cannot be told */
  readonly isAlive: boolean;
  /** users whose sockets are the proxy's: root, the owner of the file, those of the process */
  readonly userIds: readonly number[];
}

/**
 * Read server info of a proxy that runs.
 *
 * @throws {ProxyEndpointError} PROXY_NOT_RUNNING for a missing or stale file, PROXY_UNTRUSTED for one that
 *   another user could have made lead elsewhere, PROXY_SERVER_INFO for anything else
 */
export function readServerInfo(file: string): ServerInfo {
  const { text, status } = readPlainFile(file);
  const untrusted = (reason: string) =>
    new ProxyEndpointError("PROXY_UNTRUSTED", `the server info ${file} may lead to an impostor: ${reason}`);
  if (isWritableForOthers(status)) throw untrusted("other users may write to it");
  const weakness = weaknessOfWay(file, status.uid);
  if (weakness !== undefined) throw untrusted(weakness);

  const info = parse(text);
  if (info === undefined) {
    throw new ProxyEndpointError("PROXY_SERVER_INFO", `${file} is not the server info of a proxy`);
  }
  const liveness = livenessOf(info);
  if (liveness === "dead") {
    throw new ProxyEndpointError(
      "PROXY_NOT_RUNNING",
      `the proxy of ${file} does not run any more: its process ${info.pid} has ended`,
      { hint: howToStart(file) },
    );
  }
  const processUserIds = userIdsOf(info.pid);
  const isOwn = status.uid === 0 || status.uid === process.geteuid?.();
  if (!isOwn && !processUserIds.includes(status.uid)) {
    throw untrusted(`it belongs to uid ${status.uid}, but the process ${info.pid} that it names does not`);
  }
  return {
    ...info,
    isAlive: liveness === "alive",
    userIds: [...new Set([0, status.uid, ...processUserIds])],
  };
}

/** The command that starts a proxy which writes this file. */
export function howToStart(file: string): string {
  // One line, whatever the name: no proxy's file has control characters in it.
  const shown = file.replace(/\p{Cc}/gu, "?");
  const start =
    file === "/run/codex-responses-api-proxy/info.json"
      ? "systemctl start codex-responses-api-proxy.socket"
      : `codex-responses-api-proxy --server-info ${shellWord(shown)} < key.txt`;
  return `start it with: ${start}, or ask whoever runs it for this machine`;
}

function readPlainFile(file: string): { readonly text: string; readonly status: fs.Stats } {
  let fd: number | undefined;
  try {
    // A FIFO would wait for a writer.
    fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    const status = fs.fstatSync(fd);
    if (!status.isFile()) {
      throw new ProxyEndpointError("PROXY_SERVER_INFO", `${file} is not a file`, {
        ...(status.isSocket() && { hint: `for a socket give unix:${file}` }),
      });
    }
    const bytes = Buffer.alloc(maxFileBytes);
    return { text: bytes.toString("utf8", 0, fs.readSync(fd, bytes)), status };
  } catch (cause) {
    if (cause instanceof ProxyEndpointError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new ProxyEndpointError("PROXY_NOT_RUNNING", `the proxy does not run: there is no ${file}`, {
        cause,
        hint: howToStart(file),
      });
    }
    if (code === "ENXIO") {
      throw new ProxyEndpointError("PROXY_SERVER_INFO", `${file} is not a file`, {
        cause,
        hint: `for a socket give unix:${file}`,
      });
    }
    throw new ProxyEndpointError("PROXY_SERVER_INFO", `cannot read the server info ${file}: ${code}`, {
      cause,
    });
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

function parse(text: string): Omit<ServerInfo, "userIds" | "isAlive"> | undefined {
  const value = parseObject(text);
  if (value === undefined) return undefined;
  const { pid, port, socket, start_ticks, boot_id, pid_namespace } = value;
  const host = value.host === undefined ? "127.0.0.1" : addressOf(value.host);
  if (!isWhole(pid, 1, 2 ** 31) || host === undefined) return undefined;
  if (port !== undefined && !isWhole(port, 1, 65_535)) return undefined;
  if (socket !== undefined && (typeof socket !== "string" || !/^(\/|@.)[^\p{Cc}]*$/u.test(socket))) {
    return undefined;
  }
  if (port === undefined && socket === undefined) return undefined;
  if (start_ticks !== undefined && !isWhole(start_ticks, 0, Number.MAX_SAFE_INTEGER)) return undefined;
  if (![boot_id, pid_namespace].every((text) => text === undefined || typeof text === "string")) {
    return undefined;
  }
  return {
    pid,
    host,
    ...(port !== undefined && { port }),
    ...(socket !== undefined && { socket: socket as string }),
    ...(start_ticks !== undefined && { start_ticks }),
    ...(boot_id !== undefined && { boot_id: boot_id as string }),
    ...(pid_namespace !== undefined && { pid_namespace: pid_namespace as string }),
  };
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

// An address of this machine, without brackets. Names are not taken: they would have to be looked up.
function addressOf(value: unknown): string | undefined {
  if (typeof value !== "string" || !isLoopbackHost(value)) return undefined;
  const address = value.replace(/^\[|\]$/g, "");
  return isIPv4(address) || isIPv6(address) ? address : undefined;
}
