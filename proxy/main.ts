// The proxy process, as the launcher starts it. Hardened before it reads the key; from then on the
// key is in secret memory only. Everything else is loaded after that, so that no code runs earlier
// than it must.

import "../hardening/pre-main.ts";
import { sayError } from "./terminal.ts";

async function main(): Promise<void> {
  const { start } = await import("./start.ts");
  await start(process.argv.slice(2));
}

function leave(error: unknown): never {
  const { message, hint, exitCode } = error as { message?: string; hint?: string; exitCode?: number };
  if (exitCode !== undefined) {
    sayError(message ?? "", hint);
    process.exit(exitCode);
  }
  // Of an error that is not ours only the name and the code are shown: its message may quote what it
  // failed on.
  const { name, code } = error as { name?: string; code?: string };
  sayError(
    `unexpected failure: ${name ?? "unknown"} ${code ?? ""}`.trimEnd(),
    failureHints[code ?? ""] ?? bugHint,
  );
  process.exit(1);
}

const bugHint = "please report it, with the output of codex-responses-api-proxy --check";

const failureHints: Readonly<Record<string, string>> = {
  MODULE_NOT_FOUND: "the package is not complete: install it again",
  ERR_MODULE_NOT_FOUND: "the package is not complete: install it again",
  EMFILE: "raise the limit on open files: ulimit -n 1024",
  ENFILE: "the machine has no file descriptors left",
};

process.on("uncaughtException", leave);
process.on("unhandledRejection", leave);
main().catch(leave);
