// The file that tells clients where the proxy is. It appears whole or not at all, and goes away with the
// proxy that wrote it. That its place is safe, and that no other proxy runs or starts for it, was made sure
// of before the key was read (native/launcher/server-info.c).

import fs from "node:fs";
import { resolve } from "node:path";
import { StartError } from "./errors.ts";
import { defaultHost } from "./loopback.ts";
import { ownIdentity, type ProcessIdentity } from "./process-identity.ts";
import { sayWarning } from "./terminal.ts";

export interface ServerInfo extends ProcessIdentity {
  /** absent where it listens on a unix socket alone */
  readonly port?: number;
  /** as in a URL, where the port is not one of 127.0.0.1: sockets that were passed can be of any loopback address */
  readonly host?: string;
  /** path of the unix socket for clients, or `@name` of an abstract one */
  readonly socket?: string;
  /** likewise, of the admin socket */
  readonly admin_socket?: string;
  /** ISO 8601 */
  readonly started_at: string;
  readonly version: string;
}

/** Describe the running process. */
export function describeServer(
  where: {
    readonly port: number | undefined;
    readonly host?: string;
    readonly socket?: string;
    readonly admin_socket?: string;
  },
  version: string,
): ServerInfo {
  const { pid, ...identity } = ownIdentity();
  const started_at = new Date(Date.now() - process.uptime() * 1000).toISOString();
  const { port, host, ...sockets } = where;
  const isElsewhere = host !== undefined && host !== defaultHost;
  const address = { ...(port !== undefined && { port }), ...(isElsewhere && { host }) };
  return { ...address, pid, ...sockets, started_at, ...identity, version };
}

/** What the claim on `file` is called until it becomes that file (native/launcher/server-info.c). */
export function claimOf(file: string): string {
  return `${file}.tmp`;
}

/**
 * Write the file that the launcher has opened and locked, and give it its name, in one step.
 *
 * @param claimFd - {@link claimOf} that file, empty or with what a former start left; closed before this returns
 * @returns a function that removes the file if it is still the one written here
 * @throws {StartError} PXY_START_SERVER_INFO, naming the path
 */
export function writeServerInfo(file: string, info: ServerInfo, claimFd: number): () => void {
  let path = file;
  try {
    path = resolve(file); // fails where the working directory is gone
    fs.ftruncateSync(claimFd);
    fs.writeSync(claimFd, `${JSON.stringify(info)}\n`, 0);
    fs.fchmodSync(claimFd, 0o644); // every user of the machine is to read it, whatever the umask
    const written = fs.fstatSync(claimFd);
    fs.renameSync(claimOf(path), path);
    fs.closeSync(claimFd); // ends the lock: from here on the file itself says that a proxy runs
    return () => removeOwn(path, written);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new StartError("PXY_START_SERVER_INFO", `cannot write --server-info ${path}: ${code}`, { cause });
  }
}

/** Give the claim up, where the start ends before {@link writeServerInfo}: the next one need not wait. */
export function giveClaimUp(file: string): void {
  try {
    fs.unlinkSync(claimOf(resolve(file)));
  } catch {
    // The janitor removes it.
  }
}

/**
 * Have the janitor remove server info and the client's socket, at the end the admin socket too, which this
 * process may not be allowed to do any more, and wait until they are gone. The janitor checks that they
 * are this process's own.
 */
export function removeByJanitor(janitorFd: number, when: "stopping" | "end"): void {
  try {
    fs.writeSync(janitorFd, when === "end" ? "e" : "r");
    fs.readSync(janitorFd, Buffer.alloc(1)); // the launcher has set a limit of a second
  } catch {
    sayWarning("the janitor does not answer: server info may stay; its pid and start time prove it stale");
  }
}

// Another proxy may have replaced the file since; its file stays.
function removeOwn(path: string, written: fs.Stats): void {
  try {
    const present = fs.lstatSync(path);
    if (present.ino === written.ino && present.dev === written.dev) fs.unlinkSync(path);
  } catch {
    // Gone already, or not ours to remove any more: pid and start time in it prove it stale.
  }
}
