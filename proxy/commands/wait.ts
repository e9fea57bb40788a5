// `wait`: for scripts that have started the proxy in the background. Until the file is there, whatever
// it holds meanwhile, its process lives, and connections are taken.

import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { maxTimeoutMs, wholeNumber } from "../option-values.ts";
import { CommandError } from "./errors.ts";
import { defaultServerInfo, findRunningProxy } from "./running-proxy.ts";

const defaultTimeoutMs = 30_000;
const intervalMs = 50;

export const command = new Command("wait")
  .description("Wait until the proxy of a server info file runs and can be reached.")
  .option("--server-info <FILE>", "the file that the proxy is started with", defaultServerInfo)
  .option(
    "--timeout-ms <N>",
    "longest time to wait",
    wholeNumber("--timeout-ms", maxTimeoutMs),
    defaultTimeoutMs,
  )
  .addHelpText("after", "\nExit status: 0 it runs, 4 it did not in time.")
  .action(wait);

async function wait(options: { readonly serverInfo: string; readonly timeoutMs: number }): Promise<void> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    try {
      await findRunningProxy(options.serverInfo);
      return;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      if (performance.now() + intervalMs > deadline) {
        throw new CommandError("CMD_TIMEOUT", `no proxy after ${options.timeoutMs} ms: ${error.message}`, {
          hint: error.hint,
        });
      }
    }
    await sleep(intervalMs);
  }
}
