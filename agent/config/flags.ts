// What dedicated flags of a command line say: they win over every key of the user's configuration,
// profiles included. -c and --enable are not here; they are edits of the file (see override.ts).

import type { ApprovalPolicy, SandboxMode } from "./config.ts";

/** Absent members were not given. Paths are as they were typed, relative to the process's directory. */
export interface FlagOverrides {
  /** -p, --profile */
  readonly profile?: string;
  /** -m, --model */
  readonly model?: string;
  /** -s, --sandbox */
  readonly sandboxMode?: SandboxMode;
  /** -a, --ask-for-approval; `codex exec` always sets it to never */
  readonly approvalPolicy?: ApprovalPolicy;
  /** -C, --cd */
  readonly cd?: string;
  /** --add-dir, each a further writable root */
  readonly addDirs?: readonly string[];
  /** --oss */
  readonly oss?: boolean;
  /** --local-provider: what --oss means, whatever oss_provider says */
  readonly localProvider?: string;
  /** --full-auto: sandbox workspace-write; approvals on-request unless -a says otherwise */
  readonly fullAuto?: boolean;
  /** --dangerously-bypass-approvals-and-sandbox, --yolo */
  readonly bypass?: boolean;
  /** --search */
  readonly search?: boolean;
  /** --ignore-user-config: config.toml of CODEX_HOME is not read */
  readonly ignoresUserConfig?: boolean;
  /** --proxy */
  readonly proxy?: string;
}
