// A question to the approver, and what its answer is taken for: only a clear yes is one. An approver that
// fails, answers nonsense or is still silent when the turn is interrupted has allowed nothing.

import { type ToolContext, ToolFailure, TurnAborted } from "../tools/tool.ts";
import type { ApprovalRequest, ReviewDecision } from "./approver.ts";

/** Not allowed: by who was asked, or by a policy under which nobody is. It never ran. */
export class NotAllowed extends ToolFailure {}

/**
 * Ask, and return if it was allowed.
 *
 * @param refusal - what the model is told where it was not
 * @returns whether it was allowed for the rest of the thread
 * @throws NotAllowed where it was not; TurnAborted to end the turn; the signal's reason when it is aborted
 */
export async function ask(
  request: ApprovalRequest,
  refusal: string,
  { approver, signal }: Pick<ToolContext, "approver" | "signal">,
): Promise<{ readonly isForSession: boolean }> {
  const decision = await answer(request, { approver, signal });
  signal.throwIfAborted();
  switch (decision) {
    case "approved":
      return { isForSession: false };
    case "approved_for_session":
      return { isForSession: true };
    case "abort":
      throw new TurnAborted(refusal);
    default:
      throw new NotAllowed(refusal);
  }
}

function answer(
  request: ApprovalRequest,
  { approver, signal }: Pick<ToolContext, "approver" | "signal">,
): Promise<ReviewDecision> {
  return new Promise((resolve) => {
    const deny = () => resolve("denied");
    if (signal.aborted) return deny();
    signal.addEventListener("abort", deny, { once: true });
    decided(request, { approver, signal })
      .then(resolve, deny)
      .finally(() => signal.removeEventListener("abort", deny));
  });
}

// So that one that throws at once is a rejection as well.
async function decided(
  request: ApprovalRequest,
  { approver, signal }: Pick<ToolContext, "approver" | "signal">,
): Promise<ReviewDecision> {
  return await approver.decide(request, signal);
}
