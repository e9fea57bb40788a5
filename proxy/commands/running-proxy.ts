// The proxy that a server info file tells of: whether it is still that very process, and whether it
// can be reached. A stale file never leads to whoever has the port now.

import fs from "node:fs";
import net from "node:net";
import { defaultHost, isLoopbackHost } from "../loopback.ts";
import { livenessOf, userIdsOf } from "../process-identity.ts";
import type { ServerInfo } from "../server-info.ts";
import { keepsAbstractNames } from "./abstract-names.ts";
import { CommandError } from "./errors.ts";

/** Where the units in systemd/ have it, and where commands look that are not told. */
export const defaultServerInfo = "/run/codex-responses-api-proxy/info.json";

const connectTimeoutMs = 2000;
const maxFileBytes = 16 * 1024;

/**
 * Read server info.
 *
 * @returns undefined where there is no file
 * @throws {CommandError} CMD_SERVER_INFO for one that cannot be read or is something else
 */
export function readServerInfo(file: string): ServerInfo | undefined {
  let text: string;
  let owner: number;
  try {
    ({ text, owner } = readPlainFile(file));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new CommandError("CMD_SERVER_INFO", `cannot read ${file}: ${code ?? "it is not a file"}`, {
      cause,
    });
  }
  const info = parseServerInfo(text);
  if (info === undefined) throw new CommandError("CMD_SERVER_INFO", `${file} is not server info`);
  refuseProcessOfOthers(file, owner, info);
  return info;
}

// Or whoever may write a file could say which process it is that root, say, ends.
function refuseProcessOfOthers(file: string, owner: number, info: ServerInfo): void {
  if (owner === 0 || owner === process.geteuid?.() || livenessOf(info) !== "alive") return;
  if (userIdsOf(info.pid).includes(owner)) return;
  throw new CommandError(
    "CMD_SERVER_INFO",
    `${file} belongs to uid ${owner}, but process ${info.pid}, which it names, to another user`,
  );
}

function readPlainFile(file: string): { readonly text: string; readonly owner: number } {
  const fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  try {
    const status = fs.fstatSync(fd);
    if (!status.isFile()) throw new Error("not a file");
    const buffer = Buffer.alloc(maxFileBytes);
    return { text: buffer.toString("utf8", 0, fs.readSync(fd, buffer)), owner: status.uid };
  } finally {
    fs.closeSync(fd);
  }
}

function parseServerInfo(text: string): ServerInfo | undefined {
  let value: Partial<ServerInfo>;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const isPort = (port: unknown) => Number.isInteger(port) && Number(port) > 0 && Number(port) < 65_536;
  const isPid = Number.isInteger(value.pid) && Number(value.pid) > 0;
  const hasAddress = value.port === undefined ? typeof value.socket === "string" : isPort(value.port);
  const hasHost =
    value.host === undefined || (typeof value.host === "string" && isLoopbackAddress(value.host));
  const { socket, admin_socket, boot_id, pid_namespace, started_at, version } = value;
  const texts = [socket, admin_socket, boot_id, pid_namespace, started_at, version];
  return isPid && hasAddress && hasHost && texts.every(isPlainText) ? (value as ServerInfo) : undefined;
}

// It goes to other programs as part of a URL.
function isLoopbackAddress(host: string): boolean {
  return /^(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\])$/.test(host) && isLoopbackHost(host);
}

// It goes to a terminal, and anybody may have written the file.
function isPlainText(member: unknown): boolean {
  return member === undefined || (typeof member === "string" && !/\p{Cc}/u.test(member));
}

/**
 * Read server info and make sure that its proxy runs and takes connections.
 *
 * @throws {CommandError} CMD_NOT_RUNNING, CMD_UNREACHABLE or CMD_SERVER_INFO
 */
export async function findRunningProxy(file: string): Promise<ServerInfo> {
  const info = readServerInfo(file);
  if (info === undefined) {
    throw new CommandError("CMD_NOT_RUNNING", `not running: there is no ${file}`);
  }
  const liveness = livenessOf(info);
  if (liveness === "dead") {
    throw new CommandError("CMD_NOT_RUNNING", `not running: process ${info.pid} of ${file} has ended`);
  }
  const failure = await tryToConnect(info);
  if (failure !== undefined && liveness === "unknown" && failure !== "EACCES") {
    throw new CommandError("CMD_NOT_RUNNING", `not running: nobody listens on ${addressOf(info)}`);
  }
  if (failure !== undefined) {
    throw new CommandError(
      "CMD_UNREACHABLE",
      `process ${info.pid} runs, but ${addressOf(info)} cannot be reached: ${failure}`,
      failure === "EACCES"
        ? { hint: "this user may not open the socket: see --socket-mode and --socket-group" }
        : {},
    );
  }
  return info;
}

/** Where clients connect to, for a message. */
export function addressOf(info: ServerInfo): string {
  return info.port === undefined ? (info.socket ?? "") : authorityOf(info);
}

/** Host and port, as in a URL. */
export function authorityOf({ host = defaultHost, port }: ServerInfo): string {
  return `${host}:${port}`;
}

/** The target of a connection. */
export function connectTarget(info: ServerInfo): net.NetConnectOpts {
  const { host = defaultHost, port } = info;
  if (port !== undefined) return { host: host.replace(/^\[|\]$/g, ""), port };
  return { path: toSocketPath(info.socket ?? "") };
}

/**
 * The form in which Node takes a path, or an abstract name that is written `@name`.
 *
 * @throws {CommandError} CMD_UNREACHABLE for a name that this Node would make another one of
 */
export function toSocketPath(socket: string): string {
  if (socket.startsWith("@") && !keepsAbstractNames()) {
    throw new CommandError(
      "CMD_UNREACHABLE",
      `${socket} cannot be reached with Node ${process.versions.node}, which changes abstract names`,
      { hint: "run this with a newer Node, or give the proxy a --port or a socket with a path" },
    );
  }
  return socket.replace(/^@/, "\0");
}

/** Whether anybody takes connections there. */
export async function isListening(info: ServerInfo): Promise<boolean> {
  const failure = await tryToConnect(info);
  return failure === undefined || failure === "EACCES" || failure === "EAGAIN";
}

// Returns the code of the failure, undefined for none.
function tryToConnect(info: ServerInfo): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = net.connect({ ...connectTarget(info), timeout: connectTimeoutMs });
    const end = (failure?: string) => {
      socket.destroy();
      resolve(failure);
    };
    socket.once("connect", () => end());
    socket.once("timeout", () => end("ETIMEDOUT"));
    socket.once("error", (error: NodeJS.ErrnoException) => end(error.code ?? "unknown"));
  });
}
