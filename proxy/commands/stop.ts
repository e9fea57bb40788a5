// `stop`: tells the very process that a server info file names to shut down, and waits until it has. A
// process that merely has its pid now is never signalled.

import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "commander";
import { maxTimeoutMs, wholeNumber } from "../option-values.ts";
import { livenessOf } from "../process-identity.ts";
import type { ServerInfo } from "../server-info.ts";
import { CommandError } from "./errors.ts";
import { defaultServerInfo, isListening, readServerInfo, toSocketPath } from "./running-proxy.ts";

// The proxy's own limit for open streams, 30 s by default, and some time to leave.
const defaultTimeoutMs = 35_000;
const intervalMs = 20;
const adminTimeoutMs = 5000;

export const command = new Command("stop")
  .description(
    "Shut the proxy of a server info file down: open streams may end, within its --drain-timeout-ms.",
  )
  .option("--server-info <FILE>", "the file that the proxy was started with", defaultServerInfo)
  .option(
    "--timeout-ms <N>",
    "longest time to wait for its end",
    wholeNumber("--timeout-ms", maxTimeoutMs),
    defaultTimeoutMs,
  )
  .option("--now", "cut open streams off")
  .addHelpText("after", "\nExit status: 0 it has ended, 1 not permitted, 3 it did not run, 4 it still runs.")
  .action(stop);

interface StopOptions {
  readonly serverInfo: string;
  readonly timeoutMs: number;
  readonly now?: true;
}

async function stop(options: StopOptions): Promise<void> {
  const file = options.serverInfo;
  const info = readServerInfo(file);
  if (info === undefined) throw new CommandError("CMD_NOT_RUNNING", `not running: there is no ${file}`);
  if (!(await isRunning(info))) {
    throw new CommandError("CMD_NOT_RUNNING", `not running: process ${info.pid} of ${file} has ended`);
  }
  if (!(await isToldByAdminSocket(info))) signal(info);
  const deadline = performance.now() + options.timeoutMs;
  while (await isRunning(info)) {
    if (performance.now() > deadline) {
      throw new CommandError("CMD_TIMEOUT", `process ${info.pid} still runs after ${options.timeoutMs} ms`, {
        hint: `open streams may go on for its --drain-timeout-ms; kill ${info.pid} cuts them off, as --now does`,
      });
    }
    await sleep(intervalMs);
    if (options.now && livenessOf(info) === "alive") signal(info); // a second one does not wait
  }
}

async function isRunning(info: ServerInfo): Promise<boolean> {
  const liveness = livenessOf(info);
  return liveness === "alive" || (liveness === "unknown" && (await isListening(info)));
}

// False where there is no such socket, or it is not for this user: a signal may be all the same.
function isToldByAdminSocket({ admin_socket }: ServerInfo): Promise<boolean> {
  if (admin_socket === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    const request = http.request({
      socketPath: toSocketPath(admin_socket),
      method: "POST",
      path: "/stop",
      timeout: adminTimeoutMs,
      agent: false,
    });
    request.on("response", (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(false));
    request.on("close", () => resolve(false));
    request.end();
  });
}

function signal(info: ServerInfo): void {
  if (livenessOf(info) !== "alive") {
    throw new CommandError("CMD_NOT_PERMITTED", `process ${info.pid} cannot be told from others here`, {
      hint: "stop it where it was started: it may belong to another container, or /proc hides it (hidepid)",
    });
  }
  try {
    process.kill(info.pid, "SIGTERM");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ESRCH") return;
    throw new CommandError("CMD_NOT_PERMITTED", `not permitted to stop process ${info.pid}`, { cause });
  }
}
