// The folder of --dump-dir, as the launcher has opened it (native/launcher/dump-folder.c): it must be
// the service user's and nobody else's. By its descriptor it stays the same folder whatever happens to
// its path, and a private folder above it does not matter.

import fs from "node:fs";
import type { ServiceUser } from "../../hardening/service-user.ts";
import { StartError } from "../errors.ts";
import type { Options } from "../options.ts";

type DumpOptions = Pick<Options, "dumpDir" | "dumpFd" | "isNewDumpDir" | "check">;

/**
 * Make sure of the folder, and as root give a new one to the user that the proxy will serve as.
 *
 * @throws {StartError} PXY_START_DUMP_DIR
 */
export function takeDumpFolder(options: DumpOptions, serviceUser: ServiceUser | undefined): void {
  const { dumpDir, dumpFd } = options;
  if (dumpDir === undefined || dumpFd === undefined) return;
  const refuse = (reason: string, cause?: unknown) =>
    new StartError("PXY_START_DUMP_DIR", `creating --dump-dir ${dumpDir}: ${reason}`, { cause });
  try {
    const uid = serviceUser?.uid ?? process.geteuid?.();
    const isGivenAway = options.isNewDumpDir && serviceUser !== undefined;
    if (isGivenAway && !options.check) fs.fchownSync(dumpFd, serviceUser.uid, serviceUser.gid);
    const folder = fs.fstatSync(dumpFd);
    if (folder.uid !== uid && !isGivenAway) {
      throw refuse(`it belongs to another user than ${uid}, who is to write there`);
    }
    if ((folder.mode & 0o777) !== 0o700) throw refuse("others may use it, or its owner may not (chmod 700)");
  } catch (cause) {
    if (cause instanceof StartError) throw cause;
    throw refuse((cause as NodeJS.ErrnoException).code ?? "unknown error", cause);
  }
}

/** A path of the folder that leads to no other. Node has no openat(2). */
export function pathOfDumpFolder({ dumpDir = "", dumpFd }: DumpOptions): string {
  return process.platform === "linux" ? `/proc/self/fd/${dumpFd}` : dumpDir;
}
