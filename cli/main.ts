// The `codex` command. `codex responses-api-proxy` never gets here: the native launcher starts that itself.

import "../hardening/pre-main.ts"; // first of all: from here on nobody of this user can look into the process
import { outputIsClosed } from "./closed-output.ts";
import { takeEnvironment } from "./launched-environment.ts";
import { versionLine } from "./version.ts";

async function main(argv: readonly string[]): Promise<number> {
  const { environment: given, launcher, ignoredSignals } = takeEnvironment(process.env);
  if (launcher === undefined) {
    // The addon has emptied the environment, as it does wherever it finds no launcher.
    process.stderr.write("Error: the command line must be started by its own launcher\nhint: run codex\n");
    return 1;
  }
  // By this signal Node opens an inspector in a running process, where it has no flag against it.
  process.on("SIGUSR1", () => {});
  // What scripts ask for most needs none of the rest.
  if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
    process.stdout.write(`${versionLine("codex-cli")}\n`);
    return 0;
  }
  const { reportFailure, runProgram } = await import("./program.ts");
  const { stdin, stdout, stderr } = process;
  const fail = (error: unknown) => process.exit(reportFailure(error, stderr));
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  const [{ withDotenv }, { warnOn }] = await Promise.all([import("./dotenv.ts"), import("./notices.ts")]);
  const environment = await withDotenv(given, warnOn(stderr));
  return runProgram(argv, { environment, launcher, ignoredSignals, stdin, stdout, stderr });
}

function leave(exitStatus: number): void {
  if (!outputIsClosed(exitStatus)) process.exit(exitStatus);
}

// Whoever reads may have had enough, as head(1) has: that is no failure, and nobody is left to be told.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") return leave(0);
  void import("../agent/system-error.ts").then(({ reasonOf }) => {
    process.stderr.write(`Error: cannot write to stdout: ${reasonOf(error)}\n`, () => leave(1));
  });
});
process.stderr.on("error", (error: NodeJS.ErrnoException) => leave(error.code === "EPIPE" ? 0 : 1));

process.exitCode = await main(process.argv.slice(2));
