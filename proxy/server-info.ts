// The file that tells clients where the proxy is. It appears whole or not at all, follows no symbolic
// link that somebody planted, and goes away with the proxy that wrote it.

import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { dirname, resolve } from "node:path";
import { StartError } from "./errors.ts";
import { ownIdentity, type ProcessIdentity } from "./process-identity.ts";
import { sayWarning } from "./terminal.ts";

export interface ServerInfo extends ProcessIdentity {
  /** absent where it listens on a unix socket alone */
  readonly port?: number;
  /** path of the unix socket for clients, or `@name` of an abstract one */
  readonly socket?: string;
  /** likewise, of the admin socket */
  readonly admin_socket?: string;
  /** ISO 8601 */
  readonly started_at: string;
  readonly version: string;
}

/** Describe the running process. */
export function describeServer(port: number, version: string): ServerInfo {
  const { pid, ...identity } = ownIdentity();
  const started_at = new Date(Date.now() - process.uptime() * 1000).toISOString();
  return { port, pid, started_at, ...identity, version };
}

/**
 * Write the file by a new one beside it and a rename.
 *
 * @returns a function that removes the file if it is still the one written here
 * @throws {StartError} PXY_START_SERVER_INFO, naming the path, also for a path that is not a plain
 *   file of this user: another user's file or link there is a trap or a mistake
 */
export function writeServerInfo(file: string, info: ServerInfo): () => void {
  let path = file;
  let temporary: string | undefined;
  try {
    path = resolve(file); // fails where the working directory is gone
    refuseForeignFolders(dirname(path));
    makeParents(dirname(path));
    refuseForeignTarget(path);
    temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = fs.constants;
    const fd = fs.openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    let written: fs.Stats;
    try {
      fs.writeSync(fd, `${JSON.stringify(info)}\n`);
      fs.fchmodSync(fd, 0o644); // every user of the machine is to read it, whatever the umask
      written = fs.fstatSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(temporary, path);
    return () => removeOwn(path, written);
  } catch (cause) {
    if (temporary !== undefined) fs.rmSync(temporary, { force: true });
    if (cause instanceof StartError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    throw new StartError("PXY_START_SERVER_INFO", `cannot write --server-info ${path}: ${code}`, { cause });
  }
}

// As the original does; 0755 because the file in them is for every user.
function makeParents(folder: string): void {
  const umask = process.umask(0o022);
  try {
    fs.mkdirSync(folder, { recursive: true });
  } finally {
    process.umask(umask);
  }
}

// Whoever owns a folder on the way, or a link in it, could put another file in this one's place and
// send clients to a port of his own.
function refuseForeignFolders(folder: string): void {
  for (const path of [...ancestorsOf(folder), folder]) {
    const entry = fs.lstatSync(path, { throwIfNoEntry: false });
    if (entry === undefined) return; // it and what follows will be made here
    if (!isOwn(entry)) throw refuse(path, "belongs to another user");
    if (entry.isSymbolicLink()) refuseForeignFolders(fs.realpathSync(path));
    const { S_IWOTH } = fs.constants;
    const isSticky = (entry.mode & 0o1000) !== 0;
    if (entry.isDirectory() && (entry.mode & S_IWOTH) !== 0 && !isSticky) {
      throw refuse(path, "can be written by every user");
    }
  }
}

function ancestorsOf(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [] : [...ancestorsOf(parent), parent];
}

function isOwn(entry: fs.Stats): boolean {
  return entry.uid === process.geteuid?.() || entry.uid === 0;
}

function refuseForeignTarget(path: string): void {
  const existing = fs.lstatSync(path, { throwIfNoEntry: false });
  if (existing === undefined) return;
  if (existing.isSymbolicLink()) throw refuse(path, "is a symbolic link");
  if (!existing.isFile()) throw refuse(path, "exists and is not a file");
  if (existing.uid !== process.geteuid?.()) throw refuse(path, "belongs to another user");
}

function refuse(path: string, reason: string): StartError {
  return new StartError("PXY_START_SERVER_INFO", `cannot write --server-info: ${path} ${reason}`);
}

/**
 * Have the janitor remove the file, which this process may not be allowed to do any more, and wait
 * until it is gone. The janitor checks that the file is this process's own.
 */
export function removeByJanitor(janitorFd: number): void {
  try {
    fs.writeSync(janitorFd, "r");
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
