// The table of who is asked when: what a policy says of a command or a patch, before it runs and after the
// sandbox has refused it. Nothing here looks at the machine; what it is told decides it.

import type { ApprovalPolicy } from "../config/config.ts";

/** What happens next. */
export type Decision =
  | { readonly kind: "run"; readonly isSandboxed: boolean }
  /** a person decides; `isSandboxed`: how it runs once it is allowed */
  | { readonly kind: "ask"; readonly isSandboxed: boolean }
  /** nobody is asked, and the model is told why */
  | { readonly kind: "refuse"; readonly message: string };

/** What there is to know of a command. */
export interface CommandFacts {
  readonly approvalPolicy: ApprovalPolicy;
  readonly hasFullAccess: boolean;
  /** on the list of what only reads */
  readonly isSafe: boolean;
  /** on the list of what destroys */
  readonly isDangerous: boolean;
  /** the model asks to leave the sandbox */
  readonly wantsEscalation: boolean;
}

/** What there is to know of a patch. */
export interface PatchFacts {
  readonly approvalPolicy: ApprovalPolicy;
  readonly hasFullAccess: boolean;
  /** every path that it touches is one that a command may write */
  readonly staysInside: boolean;
}

// As programs of the original name the policies in this message.
const spelled = {
  untrusted: "UnlessTrusted",
  "on-failure": "OnFailure",
  never: "Never",
} as const satisfies Partial<Record<ApprovalPolicy, string>>;

const patchOutside = "patch rejected: writing outside of the project; rejected by user approval settings";

const inSandbox = { kind: "run", isSandboxed: true } as const;

/** Before a command runs. */
export function decideCommand(facts: CommandFacts): Decision {
  const { approvalPolicy: policy, hasFullAccess, isSafe, isDangerous, wantsEscalation } = facts;
  if (wantsEscalation && policy !== "on-request")
    return { kind: "refuse", message: escalationRefusal(policy) };
  if (isSafe) return inSandbox;
  switch (policy) {
    case "untrusted":
      return { kind: "ask", isSandboxed: true };
    case "on-request":
      if (wantsEscalation && !hasFullAccess) return { kind: "ask", isSandboxed: false };
      return isDangerous ? { kind: "ask", isSandboxed: true } : inSandbox;
    case "on-failure":
    case "never":
      return inSandbox;
  }
}

/** Before a patch is applied. */
export function decidePatch({ approvalPolicy, hasFullAccess, staysInside }: PatchFacts): Decision {
  const isWithin = hasFullAccess || staysInside;
  if (approvalPolicy === "untrusted") return { kind: "ask", isSandboxed: isWithin };
  if (isWithin || approvalPolicy === "on-failure") return inSandbox;
  if (approvalPolicy === "never") return { kind: "refuse", message: patchOutside };
  return { kind: "ask", isSandboxed: false };
}

/** Whether a person is asked to run it without the sandbox that has refused it. */
export function asksAfterDenial(policy: ApprovalPolicy): boolean {
  return policy === "untrusted" || policy === "on-failure";
}

function escalationRefusal(policy: Exclude<ApprovalPolicy, "on-request">): string {
  const name = spelled[policy];
  return (
    `approval policy is ${name}; reject command — ` +
    `you should not ask for escalated permissions if the approval policy is ${name}`
  );
}
