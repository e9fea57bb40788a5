// A command in a terminal of its own, for as long as it runs or is wanted. What it shows is kept until it is
// read, the newest of it where nobody reads for long.

import { StringDecoder } from "node:string_decoder";
import { type RunningCommand, spawnCommand } from "../sandbox/spawn.ts";
import { endCommand } from "./end-command.ts";
import type { CommandRequest, TerminalSession } from "./executor.ts";
import type { RunnableCommand } from "./runner.ts";
import { TailBuffer } from "./tail-buffer.ts";

/** How long what was shown last may take to arrive after the end. */
const drainMs = 500;
const maxUnreadLength = 128 * 1024;

/**
 * Start a command in a terminal.
 *
 * @param prepared - behind the runner, with a terminal
 * @param onEnd - told once, when it has ended
 * @throws SandboxError where it cannot be started
 */
export async function openTerminal(
  prepared: RunnableCommand,
  { cwd, signal, onOutput }: Pick<CommandRequest, "cwd" | "signal" | "onOutput">,
  onEnd: () => void,
): Promise<TerminalSession> {
  const running = await spawnCommand({ prepared, cwd, stdin: "pipe" });
  if (signal.aborted) {
    await endCommand(running, prepared.hasRunner);
    throw signal.reason;
  }
  const unread = new TailBuffer(maxUnreadLength);
  const decoder = new StringDecoder("utf8");
  const take = (text: string) => {
    if (text === "") return;
    unread.add(text);
    onOutput?.(text);
  };
  running.stdout.on("data", (bytes: Buffer) => take(decoder.write(bytes)));
  running.stderr.on("data", (bytes: Buffer) => take(bytes.toString("utf8")));
  for (const stream of [running.stdin, running.stdout, running.stderr]) stream?.on("error", () => {});

  let exitCode: number | undefined;
  const ended = endOf(running).then((status) => {
    take(decoder.end());
    exitCode = status;
    onEnd();
  });
  return {
    pid: running.pid,
    isSandboxed: prepared.isSandboxed,
    write: (text) => {
      if (exitCode === undefined) running.stdin?.write(text);
    },
    async read(waitMs, readSignal) {
      await comesFirst(ended, waitMs, readSignal);
      return unread.take();
    },
    get exitCode() {
      return exitCode;
    },
    kill: () => void endCommand(running, prepared.hasRunner),
  };
}

async function endOf({ ended, stdout, kill }: RunningCommand): Promise<number> {
  const closed = new Promise<void>((resolve) => stdout.once("close", resolve));
  const { exitStatus, signal } = await ended;
  // The runner ends by no signal unless it was killed: then nobody else ends what it ran.
  if (signal !== undefined) kill();
  const timer = setTimeout(() => stdout.destroy(), drainMs);
  await closed;
  clearTimeout(timer);
  return exitStatus;
}

function comesFirst(ended: Promise<void>, waitMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const done = (settle: () => void) => () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      settle();
    };
    const abort = done(() => reject(signal.reason));
    const timer = setTimeout(done(resolve), waitMs);
    signal.addEventListener("abort", abort, { once: true });
    void ended.then(done(resolve));
  });
}
