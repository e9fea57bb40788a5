// One command of the shell tool: through the door of approvals, watched while it runs, told to the model.

import { NotAllowed } from "../../approval/ask.ts";
import { runGuarded } from "../../approval/guard.ts";
import { AgentError } from "../../errors.ts";
import type { CommandResult } from "../../execution/executor.ts";
import { isLikelySandboxDenial } from "../../sandbox/denial.ts";
import type { SandboxPolicy } from "../../sandbox/policy.ts";
import { CommandItem } from "../command-item.ts";
import { type CommandOutputForm, commandOutput, shortOutput } from "../command-output.ts";
import { type ToolContext, ToolFailure, TurnAborted } from "../tool.ts";
import type { ShellCall } from "./shell.ts";

/**
 * Run a command.
 *
 * @returns its result as the model reads it
 * @throws ToolFailure where it did not run, or the sandbox has refused it; TurnAborted; the signal's reason
 */
export async function runShellCommand(
  wanted: ShellCall,
  callId: string,
  form: CommandOutputForm,
  context: ToolContext,
): Promise<string> {
  const { command, cwd, timeoutMs } = wanted;
  const { config, executor, items, signal } = context;
  const item = new CommandItem(items, { callId, command, cwd });
  const attempt = (policy: SandboxPolicy) => {
    item.start();
    return executor.run({
      ...{ command, cwd, workspace: config.cwd, policy, timeoutMs, signal },
      onOutput: (text) => item.grow(text),
    });
  };
  try {
    const { result, wasDenied } = await runGuarded({ callId, ...wanted }, context, attempt, isDenied);
    item.finish(result);
    if (wasDenied) throw new ToolFailure(`failed in sandbox: ${shortOutput(result)}`);
    return commandOutput(result, form);
  } catch (error) {
    if (error instanceof NotAllowed || error instanceof TurnAborted) item.decline(error.message);
    // An item that has ended stays as it ended.
    item.fail(error instanceof AgentError ? error.message : undefined);
    throw error instanceof AgentError ? new ToolFailure(`execution error: ${error.message}`) : error;
  }
}

/** Whether the sandbox is what a command failed by. */
export function isDenied({ isSandboxed, exitCode, output, isTimedOut }: CommandResult): boolean {
  return !isTimedOut && isLikelySandboxDenial({ isSandboxed, exitStatus: exitCode, output });
}
