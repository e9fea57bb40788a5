// A command that applies a patch and does nothing else is applied as a patch: shown as one, checked whole
// before anything is asked or written, and never handed to a shell.

import { resolve } from "node:path";
import { recognizeInvocation } from "../../apply-patch/invocation.ts";
import { type CommandOutputForm, commandOutput } from "../command-output.ts";
import type { PatchInterceptor } from "../shell/shell.ts";
import { runPatch, verificationFailure } from "./run-patch.ts";

/**
 * What applies the patch that a command is, and leaves every other command alone.
 *
 * It throws ToolFailure for a patch that was not applied, and TurnAborted.
 *
 * @param form - how the result is written for the model
 */
export function patchInterceptor(form: CommandOutputForm): PatchInterceptor {
  return async (command, cwd, { callId }, context) => {
    const found = recognizeInvocation(command);
    if (found.kind === "none") return undefined;
    if (found.kind === "invalid") throw verificationFailure(found.error);
    const place = resolve(cwd, found.directory ?? ".");
    const result = await runPatch({ callId, patch: found.patch, cwd: place }, context);
    return { output: commandOutput(result, form) };
  };
}
