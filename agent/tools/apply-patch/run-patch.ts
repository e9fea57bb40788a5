// One patch from its text to its result: planned whole, then asked about, then carried out by the program
// apply_patch behind the sandbox. What fails before that has changed nothing; nor has what fails in it.

import { requireUnchanged } from "../../apply-patch/apply.ts";
import { PatchError } from "../../apply-patch/errors.ts";
import type { Patch } from "../../apply-patch/patch.ts";
import { type PatchPlan, planPatch } from "../../apply-patch/plan.ts";
import { NotAllowed } from "../../approval/ask.ts";
import { guardPatch } from "../../approval/guard.ts";
import { AgentError } from "../../errors.ts";
import type { CommandResult } from "../../execution/executor.ts";
import type { SandboxPolicy } from "../../sandbox/policy.ts";
import { shortOutput } from "../command-output.ts";
import { isDenied } from "../shell/run-shell-command.ts";
import { type ToolContext, ToolFailure } from "../tool.ts";
import { approvedPlace } from "./approved-place.ts";
import { fileChanges } from "./file-changes.ts";
import { PatchItem } from "./patch-item.ts";

export interface PatchRequest {
  readonly callId: string;
  /** the text, or what parsePatch() made of it */
  readonly patch: string | Patch;
  /** absolute; where relative paths of the patch start */
  readonly cwd: string;
}

/**
 * Apply a patch as far as it is allowed.
 *
 * @throws ToolFailure for one that cannot be applied or may not be; TurnAborted; the signal's reason
 */
export async function runPatch(request: PatchRequest, context: ToolContext): Promise<CommandResult> {
  const { callId, cwd } = request;
  const plan = await planned(request);
  const item = new PatchItem(context.items, callId, fileChanges(plan.changes, "absolute"));
  let hasAsked = false;
  const approver: ToolContext["approver"] = {
    decide: (question, signal) => {
      hasAsked = true;
      return context.approver.decide(question, signal);
    },
  };
  try {
    const { result, wasDenied, wasAsked } = await guardPatch(
      // Whoever is asked sees where links lead.
      { callId, changes: fileChanges(plan.changes, "real"), cwd },
      { ...context, approver },
      async (policy) => {
        await requireSame(plan);
        await context.onFilesChanging(plan.steps.map(({ path }) => path));
        item.start();
        return carryOut(plan, policy, context);
      },
      isDenied,
    );
    item.complete(result, wasAsked);
    if (wasDenied) throw new ToolFailure(`failed in sandbox: ${shortOutput(result).trimEnd()}`);
    return result;
  } catch (error) {
    if (error instanceof NotAllowed && hasAsked) item.decline();
    else item.fail(error);
    throw explained(error);
  }
}

/** What the model reads where a patch cannot be applied. */
export function verificationFailure(error: PatchError): ToolFailure {
  return new ToolFailure(`apply_patch verification failed: ${error.verification}`, { cause: error });
}

function explained(error: unknown): unknown {
  if (error instanceof PatchError) return verificationFailure(error);
  if (error instanceof AgentError)
    return new ToolFailure(`execution error: ${error.message}`, { cause: error });
  return error;
}

async function planned({ patch, cwd }: PatchRequest): Promise<PatchPlan> {
  try {
    return await planPatch(patch, cwd);
  } catch (error) {
    throw explained(error);
  }
}

// Somebody may have thought about it for a while: what is applied is what was shown.
async function requireSame(plan: PatchPlan): Promise<void> {
  const now = await planPatch(plan.patch, plan.cwd);
  const places = ({ steps }: PatchPlan) => steps.map(({ path }) => path).join("\n");
  if (places(now) !== places(plan)) {
    throw new PatchError(
      "PATCH_CHANGED",
      "links on the way to its files were changed by somebody else meanwhile",
    );
  }
  await requireUnchanged(plan);
}

function carryOut(
  plan: PatchPlan,
  policy: SandboxPolicy,
  { config, executor, policy: ownPolicy, signal }: ToolContext,
): Promise<CommandResult> {
  const leavesSandbox = policy.mode === "danger-full-access" && ownPolicy.mode !== "danger-full-access";
  const place = { policy: leavesSandbox ? ownPolicy : policy, workspace: config.cwd };
  return executor.run({
    command: ["apply_patch"],
    isOwnProgram: true,
    cwd: plan.cwd,
    ...(leavesSandbox ? approvedPlace(plan, place) : place),
    stdin: plan.patch.text,
    signal,
  });
}
