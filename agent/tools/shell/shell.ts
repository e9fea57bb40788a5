// The shell tool: one command, from its start to its end, in the sandbox unless it was allowed to leave it.
// It answers to the names and forms by which models of several years call it.

import { resolve } from "node:path";
import { type Arguments, parseArguments } from "../arguments.ts";
import type { CommandOutputForm } from "../command-output.ts";
import { type Tool, type ToolCall, type ToolContext, ToolFailure, type ToolResult } from "../tool.ts";
import { runShellCommand } from "./run-shell-command.ts";

/** Applies a command that is nothing but a patch, without running it; undefined where it is another. */
export type PatchInterceptor = (
  command: readonly string[],
  cwd: string,
  call: ToolCall,
  context: ToolContext,
) => Promise<ToolResult | undefined>;

export interface ShellToolOptions {
  /** how results are written for the model */
  readonly form: CommandOutputForm;
  /** as what it is offered; undefined: not at all, though it answers */
  readonly offeredAs?: "shell" | "local_shell" | undefined;
  readonly interceptPatch: PatchInterceptor;
}

/** What the model wants run. */
export interface ShellCall {
  readonly command: readonly string[];
  /** absolute */
  readonly cwd: string;
  readonly timeoutMs: number;
  readonly wantsEscalation: boolean;
  readonly justification?: string | undefined;
}

const defaultTimeoutMs = 10_000;
/** Of setTimeout(); more is a mistake of the model's, and a day is long enough. */
const maxTimeoutMs = 24 * 60 * 60 * 1000;

const schemas = {
  shell: {
    type: "function",
    name: "shell",
    description:
      "Run a program with its arguments and return what it wrote and its exit code. For shell syntax, give " +
      'the shell itself: ["bash", "-lc", "…"]. Prefer `workdir` to `cd`.',
    strict: false,
    parameters: {
      type: "object",
      properties: {
        command: {
          type: "array",
          items: { type: "string" },
          description: "The program and its arguments, as for execvp",
        },
        justification: {
          type: "string",
          description: "With with_escalated_permissions alone: one sentence for the user, why it is needed",
        },
        timeout_ms: {
          type: "number",
          description: "After so many milliseconds the command is killed (default 10000)",
        },
        with_escalated_permissions: {
          type: "boolean",
          description: "Ask to run it outside of the sandbox, where it cannot work inside",
        },
        workdir: {
          type: "string",
          description: "The directory to run it in; a relative one starts at the session's working directory",
        },
      },
      required: ["command"],
      additionalProperties: false,
    },
  },
  local_shell: { type: "local_shell" },
} as const;

/** Make the tool. */
export function shellTool({ form, offeredAs = "shell", interceptPatch }: ShellToolOptions): Tool {
  return {
    names: ["shell", "container.exec", "local_shell"],
    schema: schemas[offeredAs],
    mayRunInParallel: true,
    async run(call, context) {
      const wanted =
        call.kind === "local_shell" ? localShellCall(call, context) : functionCall(call, context);
      if (wanted.command.length === 0) throw new ToolFailure("command args are empty");
      const patched = await interceptPatch(wanted.command, wanted.cwd, call, context);
      return patched ?? { output: await runShellCommand(wanted, call.callId, form, context) };
    },
  };
}

function functionCall(call: ToolCall, { config }: ToolContext): ShellCall {
  const given = parseArguments(call.input);
  return {
    command: given.texts("command"),
    cwd: resolve(config.cwd, given.optionalText("workdir") ?? ""),
    timeoutMs: milliseconds(given, "timeout_ms") ?? milliseconds(given, "timeout") ?? defaultTimeoutMs,
    wantsEscalation: given.optionalFlag("with_escalated_permissions") ?? false,
    justification: given.optionalText("justification"),
  };
}

// The environment that the service's own tool may name is the user's to choose, so it is not looked at.
function localShellCall(call: ToolCall, { config }: ToolContext): ShellCall {
  const action = parseArguments(call.input);
  return {
    command: action.texts("command"),
    cwd: resolve(config.cwd, action.optionalText("working_directory") ?? ""),
    timeoutMs: milliseconds(action, "timeout_ms") ?? defaultTimeoutMs,
    wantsEscalation: false,
  };
}

/** A length of time among the arguments. @throws ToolFailure where it is no whole number or negative */
export function milliseconds(given: Arguments, name: string): number | undefined {
  const value = given.optionalNumber(name);
  if (value === undefined) return undefined;
  if (value < 0 || !Number.isInteger(value)) {
    throw new ToolFailure(
      `failed to parse function arguments: invalid value for \`${name}\`: \`${value}\`, expected u64`,
    );
  }
  return Math.min(value, maxTimeoutMs);
}
