// `status`: whether the proxy of a server info file runs. One line, and an exit code for scripts.

import { Command } from "commander";
import { CommandError } from "./errors.ts";
import { addressOf, defaultServerInfo, findRunningProxy } from "./running-proxy.ts";
import { printOut } from "./terminal.ts";

export const command = new Command("status")
  .description("Say whether the proxy of a server info file runs and can be reached.")
  .option("--server-info <FILE>", "the file that the proxy was started with", defaultServerInfo)
  .option("--json", "print it as JSON")
  .addHelpText(
    "after",
    "\nExit status: 0 it runs, 3 it does not or cannot be reached, 1 the file cannot be read.",
  )
  .action(status);

async function status(options: { readonly serverInfo: string; readonly json?: true }): Promise<void> {
  try {
    const info = await findRunningProxy(options.serverInfo);
    const line = `running on ${addressOf(info)}, pid ${info.pid}, since ${info.started_at}, version ${info.version}`;
    printOut(options.json ? `${JSON.stringify({ running: true, ...info })}\n` : `${line}\n`);
  } catch (error) {
    if (!(error instanceof CommandError) || error.exitCode !== 3) throw error;
    printOut(
      options.json ? `${JSON.stringify({ running: false, reason: error.message })}\n` : `${error.message}\n`,
    );
    process.exitCode = error.exitCode;
  }
}
