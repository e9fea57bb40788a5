// The one door through which commands and patches get to run: who has to be asked is asked, what is not
// allowed fails before it has started, and a sandbox is left only where a person or the policy said so.

import type { SandboxPolicy } from "../sandbox/policy.ts";
import type { FileChange } from "../thread/thread-events.ts";
import type { ToolContext } from "../tools/tool.ts";
import type { ApprovalRequest } from "./approver.ts";
import { ask, NotAllowed } from "./ask.ts";
import { isDangerous } from "./dangerous.ts";
import { asksAfterDenial, type Decision, decideCommand, decidePatch } from "./decide.ts";
import { isKnownSafe } from "./safe.ts";
import { staysInside, touchedPaths } from "./touched-paths.ts";

/** How it went. */
export interface Guarded<R> {
  readonly result: R;
  /** the sandbox has refused it, and that was the end of it */
  readonly wasDenied: boolean;
  /** a person has allowed it in this call */
  readonly wasAsked: boolean;
}

/** A command to run. */
export interface GuardedCommand {
  readonly callId: string;
  readonly command: readonly string[];
  /** absolute */
  readonly cwd: string;
  /** the model asks to run it without the sandbox */
  readonly wantsEscalation: boolean;
  /** the model's words for that */
  readonly justification?: string | undefined;
}

/** A patch to apply. */
export interface GuardedPatch {
  readonly callId: string;
  readonly changes: readonly FileChange[];
  /** where patches start from; paths in `changes` are absolute */
  readonly cwd: string;
}

/** Something that is run under a policy; `wasAsked`: a person has allowed it. */
export type Attempt<R> = (policy: SandboxPolicy, wasAsked: boolean) => Promise<R>;

const fullAccess: SandboxPolicy = { mode: "danger-full-access" };
const retryReason = "command failed; retry without sandbox?";

/**
 * Run a command as far as it is allowed.
 *
 * @param attempt - called once, or a second time without a sandbox
 * @param isDenied - whether a sandboxed result was a refusal by the sandbox
 * @throws NotAllowed (a ToolFailure) where it may not run; TurnAborted where who was asked ends the turn; what
 * `attempt` throws
 */
export async function runGuarded<R>(
  request: GuardedCommand,
  context: ToolContext,
  attempt: Attempt<R>,
  isDenied: (result: R) => boolean,
): Promise<Guarded<R>> {
  const { callId, command, cwd, wantsEscalation, justification } = request;
  const { approvals, config, policy } = context;
  const { approvalPolicy } = config;
  const decision = decideCommand({
    approvalPolicy,
    hasFullAccess: policy.mode === "danger-full-access",
    // Only where it makes a difference: the parser is loaded for it.
    isSafe: approvalPolicy === "never" ? false : await isKnownSafe(command, { ...context, cwd }),
    isDangerous: approvalPolicy === "on-request" && (await isDangerous(command)),
    wantsEscalation,
  });
  return guarded(
    {
      decision,
      question: (reason = justification) => ({
        kind: "command",
        callId,
        command,
        cwd,
        ...(reason !== undefined && { reason }),
      }),
      refusal: "exec command rejected by user",
      isApproved: () => approvals.has(command, cwd),
      remember: () => approvals.add(command, cwd),
    },
    context,
    attempt,
    isDenied,
  );
}

/** Apply a patch as far as it is allowed; as runGuarded(). */
export async function guardPatch<R>(
  { callId, changes, cwd }: GuardedPatch,
  context: ToolContext,
  attempt: Attempt<R>,
  isDenied: (result: R) => boolean,
): Promise<Guarded<R>> {
  if (changes.length === 0) throw new NotAllowed("patch rejected: empty patch");
  const { approvals, config, policy } = context;
  const paths = touchedPaths(changes, cwd);
  const decision = decidePatch({
    approvalPolicy: config.approvalPolicy,
    hasFullAccess: policy.mode === "danger-full-access",
    staysInside: staysInside(paths, context),
  });
  return guarded(
    {
      decision,
      question: (reason) => ({ kind: "patch", callId, changes, ...(reason !== undefined && { reason }) }),
      refusal: "patch rejected by user",
      isApproved: () => approvals.hasFiles(paths),
      remember: () => approvals.addFiles(paths),
    },
    context,
    attempt,
    isDenied,
  );
}

interface Case {
  readonly decision: Decision;
  readonly question: (reason?: string) => ApprovalRequest;
  /** what the model is told when a person says no */
  readonly refusal: string;
  readonly isApproved: () => boolean;
  readonly remember: () => void;
}

async function guarded<R>(
  { decision, question, refusal, isApproved, remember }: Case,
  context: ToolContext,
  attempt: Attempt<R>,
  isDenied: (result: R) => boolean,
): Promise<Guarded<R>> {
  const { config, policy, signal } = context;
  const allowed = async (reason?: string) => {
    if (isApproved()) return;
    const { isForSession } = await ask(question(reason), refusal, context);
    if (isForSession) remember();
  };
  signal.throwIfAborted();
  if (decision.kind === "refuse") throw new NotAllowed(decision.message);
  if (decision.kind === "ask") await allowed();
  const isSandboxed = decision.isSandboxed && policy.mode !== "danger-full-access";
  const wasAsked = decision.kind === "ask";
  const result = await attempt(isSandboxed ? policy : fullAccess, wasAsked);
  if (!isSandboxed || !isDenied(result)) return { result, wasDenied: false, wasAsked };
  if (!asksAfterDenial(config.approvalPolicy)) return { result, wasDenied: true, wasAsked };
  await allowed(retryReason);
  return { result: await attempt(fullAccess, true), wasDenied: false, wasAsked: true };
}
