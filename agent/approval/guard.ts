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
import type { Confinement } from "./session-approvals.ts";
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
  /** it gets a terminal of its own */
  readonly hasTerminal?: boolean;
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
  const { callId, command, cwd, wantsEscalation, justification, hasTerminal } = request;
  const { approvals, config, policy } = context;
  const { approvalPolicy } = config;
  const decision = decideCommand({
    approvalPolicy,
    hasFullAccess: policy.mode === "danger-full-access",
    // Only where it makes a difference: a grammar is loaded for it.
    isSafe:
      (approvalPolicy === "untrusted" || (approvalPolicy === "on-request" && wantsEscalation)) &&
      (await isKnownSafe(command, { ...context, cwd, hasTerminal })),
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
      isApproved: (confinement) => approvals.has(command, cwd, confinement),
      remember: (confinement) => approvals.add(command, cwd, confinement),
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
      isApproved: (confinement) => approvals.hasFiles(paths, confinement),
      remember: (confinement) => approvals.addFiles(paths, confinement),
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
  readonly isApproved: (confinement: Confinement) => boolean;
  readonly remember: (confinement: Confinement) => void;
}

async function guarded<R>(
  { decision, question, refusal, isApproved, remember }: Case,
  context: ToolContext,
  attempt: Attempt<R>,
  isDenied: (result: R) => boolean,
): Promise<Guarded<R>> {
  const { config, policy, signal } = context;
  /** @returns whether somebody was asked */
  const allowed = async (confinement: Confinement, reason?: string): Promise<boolean> => {
    if (isApproved(confinement)) return false;
    const { isForSession } = await ask(question(reason), refusal, context);
    if (isForSession) remember(confinement);
    return true;
  };
  signal.throwIfAborted();
  if (decision.kind === "refuse") throw new NotAllowed(decision.message);
  const isSandboxed = decision.isSandboxed && policy.mode !== "danger-full-access";
  const wasAsked = decision.kind === "ask" && (await allowed(isSandboxed ? "sandboxed" : "unsandboxed"));
  const result = await attempt(isSandboxed ? policy : fullAccess, wasAsked);
  if (!isSandboxed || !isDenied(result)) return { result, wasDenied: false, wasAsked };
  if (!asksAfterDenial(config.approvalPolicy)) return { result, wasDenied: true, wasAsked };
  const wasAskedAgain = await allowed("unsandboxed", retryReason);
  const repeated = await attempt(fullAccess, wasAsked || wasAskedAgain);
  return { result: repeated, wasDenied: false, wasAsked: wasAsked || wasAskedAgain };
}
