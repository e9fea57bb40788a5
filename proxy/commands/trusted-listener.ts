// Whether the process behind an admin socket is the one that the caller means: a key is sent to nobody
// who could merely put a socket, or a file that names one, where the caller looks.

import fs from "node:fs";
import { dirname, resolve } from "node:path";
import type { UnixPeer } from "../../hardening/peer.ts";
import { CommandError } from "./errors.ts";

/**
 * The users who can decide what a path leads to, root and the caller aside.
 *
 * @throws {CommandError} CMD_UNTRUSTED where others can
 */
function decidersOf(path: string, caller: number): ReadonlySet<number> {
  const uids = new Set<number>();
  let mustBeTrusted = false; // what lies in a folder in which others may make files
  for (const part of partsOf(path)) {
    const entry = fs.lstatSync(part);
    const isTrusted = entry.uid === 0 || entry.uid === caller;
    if (mustBeTrusted && !isTrusted) {
      throw new CommandError(
        "CMD_UNTRUSTED",
        `${part} belongs to uid ${entry.uid}, in a folder where others may write`,
      );
    }
    if (!isTrusted) uids.add(entry.uid);
    if (entry.isSymbolicLink()) {
      for (const uid of decidersOf(fs.realpathSync(part), caller)) uids.add(uid);
    }
    const isOpen = entry.isDirectory() && isOpenToOthers(entry);
    const isSticky = (entry.mode & 0o1000) !== 0;
    if (isOpen && !isSticky) throw new CommandError("CMD_UNTRUSTED", `other users may write in ${part}`);
    mustBeTrusted = isOpen;
  }
  return uids;
}

function isOpenToOthers({ mode, gid }: fs.Stats): boolean {
  const isOwnGroup = gid === 0 || gid === process.getegid?.();
  return (mode & (isOwnGroup ? 0o002 : 0o022)) !== 0;
}

function partsOf(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [...partsOf(parent), path];
}

/**
 * Refuse a listener that is neither root's, nor the caller's, nor of a user who owns what the caller named.
 *
 * @param named - the path that the caller gave: of the socket, or of the server info that names it
 * @throws {CommandError} CMD_UNTRUSTED
 */
export function refuseForeignListener(named: string, listener: UnixPeer | undefined): void {
  const caller = process.geteuid?.() ?? -1;
  const deciders = named.startsWith("@") ? new Set<number>() : decidersOf(resolve(named), caller);
  if (listener === undefined) throw new CommandError("CMD_UNTRUSTED", "the kernel does not say who listens");
  if (listener.uid === 0 || listener.uid === caller || deciders.has(listener.uid)) return;
  throw new CommandError(
    "CMD_UNTRUSTED",
    `uid ${listener.uid} listens there, to whom ${named} does not belong`,
  );
}
