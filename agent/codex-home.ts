// The folder that holds configuration, credentials and sessions. Finding it creates nothing.

import { mkdir, realpath } from "node:fs/promises";
import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import { ConfigError } from "./config/errors.ts";
import type { Environment } from "./environment.ts";
import { reasonOf } from "./system-error.ts";

/**
 * @returns the absolute path: CODEX_HOME with links resolved, or `.codex` in the home folder, which need
 *   not exist yet
 * @throws ConfigError if CODEX_HOME is set, not empty and no folder
 */
export async function resolveCodexHome(environment: Environment): Promise<string> {
  const named = environment.CODEX_HOME;
  if (named === undefined || named === "") return join(homeFolder(environment), ".codex");
  try {
    // The slash at the end makes a file an error.
    return await realpath(`${named}/`);
  } catch (error) {
    throw new ConfigError("CONFIG_HOME_MISSING", reasonOf(error), {
      hint: `CODEX_HOME is ${JSON.stringify(named)}; it must be a folder that exists`,
      cause: error,
    });
  }
}

/** Create the folder, for its owner alone, before something is written to it. One that exists is left as it is. */
export async function ensureCodexHome(codexHome: string): Promise<void> {
  await mkdir(codexHome, { recursive: true, mode: 0o700 });
}

/** @returns the absolute path of what `~` means: HOME, or else what the system knows of the user */
export function homeFolder(environment: Environment): string {
  if (environment.HOME) return resolve(environment.HOME);
  try {
    // Not homedir(), which asks the process's own HOME, and takes an empty one for an answer.
    return userInfo().homedir;
  } catch (cause) {
    throw new ConfigError("CONFIG_HOME_MISSING", "Could not find home directory", {
      hint: "set HOME, or CODEX_HOME to a folder that exists",
      cause,
    });
  }
}
