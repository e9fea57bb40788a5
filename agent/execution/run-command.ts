// One prepared command from its start to its end: what it writes is collected, its time is limited, and
// whatever it leaves behind with our pipes in hand keeps nobody waiting.

import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { setTimeout as sleep } from "node:timers/promises";
import { type CommandEnd, type RunningCommand, spawnCommand } from "../sandbox/spawn.ts";
import { endCommand } from "./end-command.ts";
import type { CommandRequest, CommandResult } from "./executor.ts";
import { missingProgram } from "./missing-program.ts";
import { OutputCapture } from "./output-capture.ts";
import type { RunnableCommand } from "./runner.ts";
import { within } from "./within.ts";

/** Exit code of a command that took too long, as of timeout(1). */
const timedOutCode = 124;
/** A command that writes without end is watched only so far. */
const mostPieces = 10_000;
/** After the end of a command: silence of this length, and no more than this altogether. */
const quietMs = 250;
const drainMs = 2_000;
/** What a process in the background may still write without being held up. */
const maxDiscardedBytes = 16 * 1024 * 1024;

/**
 * Run a prepared command.
 *
 * @param maxPieces - how often `onOutput` is called at the most
 * @throws SandboxError where it cannot be started; the signal's reason when that has aborted
 */
export async function runCommand(
  prepared: RunnableCommand,
  request: CommandRequest,
  maxPieces: number = mostPieces,
): Promise<CommandResult> {
  const { signal } = request;
  const startedAt = performance.now();
  const capture = new OutputCapture();
  const running = await spawnCommand({
    prepared,
    cwd: request.cwd,
    stdin: request.stdin === undefined ? "ignore" : "pipe",
  });
  let pieces = 0;
  let lastPieceAt = 0;
  const take = (text: string) => {
    if (text === "") return;
    lastPieceAt = performance.now();
    capture.add(text);
    pieces += 1;
    if (pieces <= maxPieces) request.onOutput?.(text);
  };
  const streams = [running.stdout, running.stderr].map((stream) => collect(stream, take));
  running.stdin?.on("error", () => {}); // it may end without reading
  running.stdin?.end(request.stdin);

  const end = await endOf(running, prepared.hasRunner, request);
  // What has been written but not read yet still counts; what the background writes does not.
  const drainUntil = performance.now() + (end === "aborted" ? 0 : drainMs);
  const closed = Promise.all(streams.map(({ ended }) => ended)).then(() => true as const);
  let isClosed = false;
  for (
    let wait = quietMs;
    !isClosed && wait > 0;
    wait = Math.min(lastPieceAt + quietMs, drainUntil) - performance.now()
  ) {
    isClosed = await within(closed, wait);
  }
  for (const stream of streams) stream.leave();
  if (end === "aborted") throw signal.reason;
  const { text, missingLines } = capture.output();
  const problem = end === "timed-out" ? undefined : missingProgram(request.command, end.exitStatus, text);
  if (problem !== undefined) throw problem;
  return {
    exitCode: end === "timed-out" ? timedOutCode : end.exitStatus,
    output: text,
    missingLines,
    durationMs: performance.now() - startedAt,
    isTimedOut: end === "timed-out",
    isSandboxed: prepared.isSandboxed,
  };
}

type Ending = CommandEnd | "timed-out" | "aborted";

async function endOf(
  running: RunningCommand,
  hasRunner: boolean,
  { signal, timeoutMs }: CommandRequest,
): Promise<Ending> {
  const over = new AbortController();
  const aborted = new Promise<Ending>((resolve) => {
    const abort = () => resolve("aborted");
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true, signal: over.signal });
  });
  const timedOut =
    timeoutMs === undefined
      ? []
      : [sleep(timeoutMs, "timed-out" as const, { signal: over.signal }).catch((): Ending => "timed-out")];
  const end = await Promise.race([running.ended, aborted, ...timedOut]);
  over.abort();
  if (end === "aborted" || end === "timed-out") await endCommand(running, hasRunner);
  // The runner ends by no signal unless it was killed: then nobody else ends what it ran.
  else if (hasRunner && end.signal !== undefined) running.kill();
  return end;
}

interface CollectedStream {
  /** nobody can write to it any more */
  readonly ended: Promise<void>;
  /** look at it no longer; whoever still has it can write on for a while */
  leave(): void;
}

function collect(stream: Readable, take: (text: string) => void): CollectedStream {
  const decoder = new StringDecoder("utf8");
  const onData = (bytes: Buffer) => take(decoder.write(bytes));
  stream.on("data", onData);
  stream.on("error", () => {}); // then it is closed, and what came before counts
  const ended = new Promise<void>((resolve) => {
    stream.once("close", resolve);
    stream.once("end", () => {
      take(decoder.end());
      resolve();
    });
  });
  return {
    ended,
    leave() {
      if (stream.destroyed || stream.readableEnded) return;
      stream.off("data", onData);
      let discarded = 0;
      stream.on("data", (bytes: Buffer) => {
        discarded += bytes.length;
        if (discarded > maxDiscardedBytes) stream.destroy();
      });
      // Pipes of a child keep this process alive otherwise.
      if ("unref" in stream && typeof stream.unref === "function") stream.unref();
    },
  };
}
