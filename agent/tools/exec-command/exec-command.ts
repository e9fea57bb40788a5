// exec_command and write_stdin: commands in terminals that the model can come back to. What runs is asked for
// and confined as with the shell tool; what is typed goes to a command that was allowed before.

import { resolve } from "node:path";
import { NotAllowed } from "../../approval/ask.ts";
import { type GuardedCommand, runGuarded } from "../../approval/guard.ts";
import { AgentError } from "../../errors.ts";
import type { TerminalSession } from "../../execution/executor.ts";
import { missingProgram } from "../../execution/missing-program.ts";
import { isLikelySandboxDenial } from "../../sandbox/denial.ts";
import type { SandboxPolicy } from "../../sandbox/policy.ts";
import { type Arguments, parseArguments } from "../arguments.ts";
import { CommandItem } from "../command-item.ts";
import { milliseconds, type PatchInterceptor } from "../shell/shell.ts";
import { type Tool, type ToolContext, ToolFailure, TurnAborted } from "../tool.ts";
import { truncateOutput } from "../truncate.ts";
import { execCommandSchema, writeStdinSchema } from "./schemas.ts";
import { sessionOutput } from "./session-output.ts";
import { endSession, type OpenSession, Sessions } from "./sessions.ts";

export interface ExecCommandOptions {
  readonly interceptPatch: PatchInterceptor;
  /** of terminals that are open at once; 32 where it is not said */
  readonly maxSessions?: number;
}

export interface ExecCommandTools {
  readonly tools: readonly [execCommand: Tool, writeStdin: Tool];
  /** Kills what still runs. */
  close(): Promise<void>;
}

const defaultYieldMs = 10_000;
const defaultPollMs = 250;
const minYieldMs = 250;
const maxYieldMs = 30_000;
const defaultOutputTokens = 10_000;
const defaultShell = "/bin/bash";

/** A session after somebody has looked at it. */
interface Looked {
  readonly session: OpenSession;
  readonly output: string;
  readonly wallTimeMs: number;
}

/** Make both tools; they share their sessions. */
export function execCommandTools({ interceptPatch, maxSessions = 32 }: ExecCommandOptions): ExecCommandTools {
  const sessions = new Sessions(maxSessions);
  let starting = 0;

  const execCommand: Tool = {
    names: ["exec_command"],
    schema: execCommandSchema,
    mayRunInParallel: true,
    async run(call, context) {
      const given = parseArguments(call.input);
      const shell = given.optionalText("shell") ?? defaultShell;
      const flag = (given.optionalFlag("login") ?? true) ? "-lc" : "-c";
      const command = [shell, flag, given.text("cmd")];
      const cwd = resolve(context.config.cwd, given.optionalText("workdir") ?? "");
      const patched = await interceptPatch(command, cwd, call, context);
      if (patched !== undefined) return patched;
      const request = {
        ...{ callId: call.callId, command, cwd },
        wantsEscalation: given.optionalFlag("with_escalated_permissions") ?? false,
        justification: given.optionalText("justification"),
      };
      const waitMs = yieldTime(given, defaultYieldMs);
      if (!sessions.hasRoom(starting)) {
        throw notCreated(`${maxSessions} sessions are open already; end one of them first`);
      }
      starting += 1;
      try {
        const looked = await start(request, waitMs, context);
        return { output: toldOf(looked, given, () => sessions.add(looked.session)) };
      } finally {
        starting -= 1;
      }
    },
  };

  const writeStdin: Tool = {
    names: ["write_stdin"],
    schema: writeStdinSchema,
    mayRunInParallel: false,
    async run(call, { signal }) {
      const given = parseArguments(call.input);
      const id = given.optionalNumber("session_id");
      if (id === undefined) {
        throw new ToolFailure("failed to parse function arguments: missing field `session_id`");
      }
      const session = sessions.get(id);
      if (session === undefined) {
        throw new ToolFailure(`write_stdin failed: UnknownSessionId { session_id: ${id} }`);
      }
      session.terminal.write(given.optionalText("chars") ?? "");
      try {
        const looked = await look(session, yieldTime(given, defaultPollMs), signal);
        const output = toldOf(looked, given, () => id);
        if (session.terminal.exitCode !== undefined) sessions.end(id);
        return { output };
      } catch (error) {
        if (signal.aborted) sessions.end(id);
        throw error;
      }
    },
  };

  return { tools: [execCommand, writeStdin], close: async () => sessions.endAll() };
}

/** Start a command as far as it is allowed, and look at it for the first time. */
async function start(request: GuardedCommand, waitMs: number, context: ToolContext): Promise<Looked> {
  const { config, executor, items, signal } = context;
  const { callId, command, cwd } = request;
  const item = new CommandItem(items, { callId, command, cwd });
  const startedAt = performance.now();
  const attempt = async (policy: SandboxPolicy): Promise<Looked> => {
    item.start();
    const terminal = await executor.open({
      ...{ command, cwd, workspace: config.cwd, policy, signal },
      onOutput: (text) => item.grow(text, watched.has(item)),
    });
    const session = { terminal, item, startedAt };
    try {
      const looked = await look(session, waitMs, signal);
      const problem = missingProgram(command, terminal.exitCode ?? 0, looked.output);
      if (problem !== undefined) throw problem;
      return looked;
    } catch (error) {
      if (terminal.exitCode === undefined) endSession(session);
      throw error;
    }
  };
  try {
    const guarded = { ...request, hasTerminal: true };
    const { result, wasDenied } = await runGuarded(guarded, context, attempt, isDenied);
    if (result.session.terminal.exitCode !== undefined) endSession(result.session);
    if (wasDenied) throw new ToolFailure(`failed in sandbox: ${truncateOutput(result.output).text}`);
    return result;
  } catch (error) {
    if (error instanceof NotAllowed || error instanceof TurnAborted) item.decline(error.message);
    // An item that has ended stays as it ended.
    item.fail(error instanceof AgentError ? error.message : undefined);
    throw error instanceof AgentError ? notCreated(error.message) : error;
  }
}

/** Items whose output is told as it comes: a call of this turn waits for it. */
const watched = new WeakSet<CommandItem>();

async function look(session: OpenSession, waitMs: number, signal: AbortSignal): Promise<Looked> {
  const began = performance.now();
  watched.add(session.item);
  try {
    const output = await session.terminal.read(waitMs, signal);
    return { session, output, wallTimeMs: performance.now() - began };
  } finally {
    watched.delete(session.item);
  }
}

function isDenied({ session, output }: Looked): boolean {
  const { isSandboxed, exitCode }: TerminalSession = session.terminal;
  return exitCode !== undefined && isLikelySandboxDenial({ isSandboxed, exitStatus: exitCode, output });
}

function toldOf({ session, output, wallTimeMs }: Looked, given: Arguments, idOf: () => number): string {
  const { exitCode } = session.terminal;
  return sessionOutput({
    ...{ output, wallTimeMs },
    maxOutputTokens: Math.max(0, given.optionalNumber("max_output_tokens") ?? defaultOutputTokens),
    state: exitCode === undefined ? { session_id: idOf() } : { exit_code: exitCode },
  });
}

function yieldTime(given: Arguments, defaultMs: number): number {
  return Math.min(Math.max(milliseconds(given, "yield_time_ms") ?? defaultMs, minYieldMs), maxYieldMs);
}

function notCreated(message: string): ToolFailure {
  return new ToolFailure(`exec_command failed: CreateSession { message: ${JSON.stringify(message)} }`);
}
