// The `codex` command. `codex responses-api-proxy` never gets here: the native launcher starts that itself.

import { type Environment, revealHidden } from "../agent/environment.ts";
import { versionLine } from "./version.ts";

// Set by native/launcher/codex-environment.c: who started this process, for whom a child has no use.
const launcherVariable = "CODEX_LAUNCHER";

async function main(argv: readonly string[]): Promise<number> {
  // The two answers that scripts ask for most need none of the rest.
  if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
    process.stdout.write(`${versionLine("codex-cli")}\n`);
    return 0;
  }
  const { [launcherVariable]: launcher, ...environment }: Environment = revealHidden(process.env);
  const { runProgram } = await import("./program.ts");
  const { stdin, stdout, stderr } = process;
  return runProgram(argv, { environment, launcher, stdin, stdout, stderr });
}

process.exitCode = await main(process.argv.slice(2));
