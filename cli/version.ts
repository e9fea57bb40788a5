// What the program says of itself. The first number is the release of the original whose interfaces are
// matched, for scripts that compare it; the package's own stands behind it.

import { createRequire } from "node:module";
import type { Command } from "commander";

/** The release of the original that the command line, its files and its messages follow. */
export const matchedRelease = "0.50.0";

/** Version of this package. */
export function packageVersion(): string {
  const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };
  return version;
}

/** @param name - `codex-cli`, or `codex-cli-exec` for `codex exec` */
export function versionLine(name: string): string {
  return `${name} ${matchedRelease} (codex-responses-api-proxy ${packageVersion()})`;
}

/** Let a command answer -V and --version. */
export function addVersion(command: Command): Command {
  return command.option("-V, --version", "Print the version");
}
