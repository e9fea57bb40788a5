// The proxy process, as the launcher starts it. Hardened before it reads the key; from then on the
// key is in secret memory only. Everything else is loaded after that, so that no code runs earlier
// than it must.

import { refuseWatchersHere } from "../hardening/pre-main.ts";
import { sayError } from "./terminal.ts";

async function main(): Promise<void> {
  refuseWatchersHere();
  const { start } = await import("./start.ts");
  await start(process.argv.slice(2));
}

function leave(error: unknown): never {
  const { message, hint, exitCode } = error as { message?: string; hint?: string; exitCode?: number };
  // Errors of our own say what is wrong; of any other kind only the name is shown, as a message may
  // quote what it failed on.
  const isOurs = exitCode !== undefined;
  const text = isOurs ? message : `unexpected ${error instanceof Error ? error.name : "failure"}`;
  sayError(text ?? "", hint);
  process.exit(exitCode ?? 1);
}

process.on("uncaughtException", leave);
process.on("unhandledRejection", leave);
main().catch(leave);
