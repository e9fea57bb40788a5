// A turn as the guard sees it: its policies, and an approver that answers from a list and keeps what it was asked.

import type { ApprovalRequest, Approver, ReviewDecision } from "../../../agent/approval/approver.ts";
import { SessionApprovals } from "../../../agent/approval/session-approvals.ts";
import type { ApprovalPolicy } from "../../../agent/config/config.ts";
import type { Environment } from "../../../agent/environment.ts";
import type { SandboxPolicy, WorkspaceWritePolicy } from "../../../agent/sandbox/policy.ts";
import type { ToolContext } from "../../../agent/tools/tool.ts";

export const workspaceWrite: WorkspaceWritePolicy = {
  mode: "workspace-write",
  network_access: false,
  exclude_tmpdir_env_var: true,
  exclude_slash_tmp: true,
};

export interface Turn {
  readonly context: ToolContext;
  readonly asked: ApprovalRequest[];
}

/** A turn in which the answers are given in their order, and "denied" when there are no more. */
export function turn(facts: {
  readonly approvalPolicy: ApprovalPolicy;
  readonly policy: SandboxPolicy;
  readonly answers?: readonly ReviewDecision[];
  readonly approver?: Approver;
  readonly approvals?: SessionApprovals;
  readonly signal?: AbortSignal;
  readonly cwd?: string;
  readonly environment?: Environment;
}): Turn {
  const asked: ApprovalRequest[] = [];
  const answers = [...(facts.answers ?? [])];
  const approver: Approver = {
    decide: async (request) => {
      asked.push(request);
      return answers.shift() ?? "denied";
    },
  };
  const context = {
    turnId: "1",
    config: {
      approvalPolicy: facts.approvalPolicy,
      cwd: facts.cwd ?? "/nowhere",
      codexHome: "/nowhere/.codex",
      shellEnvironmentPolicy: {
        inherit: "all",
        ignoreDefaultExcludes: false,
        exclude: [],
        set: {},
        includeOnly: [],
        useProfile: false,
      },
    },
    environment: facts.environment ?? { PATH: "/usr/bin:/bin" },
    policy: facts.policy,
    signal: facts.signal ?? new AbortController().signal,
    approver: facts.approver ?? approver,
    approvals: facts.approvals ?? new SessionApprovals(),
  } as unknown as ToolContext;
  return { context, asked };
}
