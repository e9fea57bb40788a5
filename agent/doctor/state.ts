// The state folder, CODEX_HOME: whether it is there, whose it is, and who else could write to it.

import { constants, type Stats } from "node:fs";
import { access, stat } from "node:fs/promises";
import { resolveCodexHome } from "../codex-home.ts";
import type { Environment } from "../environment.ts";
import { shellWord } from "../shell-word.ts";
import type { DoctorContext, Finding } from "./check.ts";

// There is none that is sure to be this user's and to last.
const ownFolder = '"$(mktemp -d)"';

/** The folder that CODEX_HOME names, or the default one; either may be missing. Undefined if there is neither. */
export async function stateFolder(environment: Environment): Promise<string | undefined> {
  return resolveCodexHome(environment).catch(() => environment.CODEX_HOME || undefined);
}

/** @param home - what stateFolder has found */
export async function checkState(home: string | undefined, context: DoctorContext): Promise<Finding> {
  if (home === undefined) {
    const summary = "neither CODEX_HOME nor HOME is set, and this user has no home folder";
    return { status: "fail", summary, details: {}, remediation: `export HOME=${ownFolder}` };
  }
  const status = await stat(home).catch((error: NodeJS.ErrnoException) => error);
  if (status instanceof Error) return absent(home, status, context);
  const mode = (status.mode & 0o7777).toString(8).padStart(4, "0");
  const details = { CODEX_HOME: home, owner: String(status.uid), mode };
  if (!status.isDirectory()) {
    const summary = `${home} is not a folder`;
    return {
      status: "fail",
      summary,
      details,
      remediation: `mv ${shellWord(home)} ${shellWord(`${home}.old`)}`,
    };
  }
  if (!(await mayUse(home))) {
    return {
      status: "fail",
      summary: `${home} belongs to uid ${status.uid}, mode ${mode}: this user may not read and write it`,
      details,
      remediation: ownershipFix(home, status, context),
    };
  }
  if (isWritableByOthers(status)) {
    return {
      status: "warning",
      summary: `${home} can be written by other users (mode ${mode})`,
      details,
      remediation: `chmod go-w ${shellWord(home)}`,
    };
  }
  return { status: "ok", summary: home, details };
}

function absent(home: string, error: NodeJS.ErrnoException, { environment }: DoctorContext): Finding {
  const details = { CODEX_HOME: home, error: error.code ?? "unknown" };
  if (error.code !== "ENOENT") {
    return {
      status: "fail",
      summary: `${home} cannot be looked at: ${error.code}`,
      details,
      remediation: environment.CODEX_HOME ? "unset CODEX_HOME" : `export CODEX_HOME=${ownFolder}`,
    };
  }
  if (environment.CODEX_HOME) {
    const summary = `CODEX_HOME names a folder that does not exist: ${home}`;
    return { status: "fail", summary, details, remediation: `mkdir -m 700 -p ${shellWord(home)}` };
  }
  return { status: "ok", summary: `${home} is not there yet; it is made when something is stored`, details };
}

/** Whether others than the owner and root may change it. */
export function isWritableByOthers({ mode }: Pick<Stats, "mode">): boolean {
  return (mode & 0o022) !== 0;
}

function ownershipFix(home: string, { uid: owner }: Stats, { uid }: DoctorContext): string {
  if (uid === owner) return `chmod u+rwx ${shellWord(home)}`;
  return `sudo chown -R "$(id -u)" ${shellWord(home)}`;
}

async function mayUse(folder: string): Promise<boolean> {
  return access(folder, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}
