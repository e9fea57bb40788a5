// Who is asked whether something may run: a person at a terminal, a client of the app server, or nobody.

import type { FileChange } from "../thread/thread-events.ts";

export type ReviewDecision =
  | "approved"
  /** and the same again, for as long as the thread lasts */
  | "approved_for_session"
  /** the model is told, and goes on */
  | "denied"
  /** the turn ends */
  | "abort";

export type ApprovalRequest =
  | {
      readonly kind: "command";
      readonly callId: string;
      readonly command: readonly string[];
      readonly cwd: string;
      /** the model's words, or why it is asked again */
      readonly reason?: string;
    }
  | {
      readonly kind: "patch";
      readonly callId: string;
      readonly changes: readonly FileChange[];
      readonly reason?: string;
    };

export interface Approver {
  /** Rejects only with the signal's reason: whatever else goes wrong is a "denied". */
  decide(request: ApprovalRequest, signal: AbortSignal): Promise<ReviewDecision>;
}

/** For programs without a person: everything that has to be asked is denied. */
export const nobody: Approver = { decide: async () => "denied" };
