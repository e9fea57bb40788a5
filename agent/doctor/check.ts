// What a check of `codex doctor` finds. No check prints, and none holds a key or a token.

import type { Environment } from "../environment.ts";

export type CheckStatus = "ok" | "warning" | "fail";

export interface Finding {
  readonly status: CheckStatus;
  /** what was found, or what is wrong, in one line */
  readonly summary: string;
  /** facts by name; lists stay lists */
  readonly details: Readonly<Record<string, string | readonly string[]>>;
  /** the command that puts it right, or what to do where there is none */
  readonly remediation?: string;
}

/** A finding under the id and the category that readers of the JSON know. */
export interface Check extends Finding {
  readonly id: string;
  readonly category: string;
}

/** The terminal, as far as the process can see it. */
export interface TerminalFacts {
  readonly isStdinTerminal: boolean;
  readonly isStdoutTerminal: boolean;
  readonly isStderrTerminal: boolean;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  /** bits, as getColorDepth says them */
  readonly colorDepth?: number | undefined;
}

/** What the checks may look at beside the file system. */
export interface DoctorContext {
  /** as the user has it */
  readonly environment: Environment;
  readonly cwd: string;
  readonly now: Date;
  /** of this package */
  readonly version: string;
  readonly packageRoot: string;
  /** the native launcher that started this process; undefined where none did */
  readonly launcher: string | undefined;
  /** as process.versions.node says it */
  readonly nodeVersion: string;
  readonly platform: NodeJS.Platform;
  /** effective; undefined where the platform has none */
  readonly uid: number | undefined;
  readonly terminal: TerminalFacts;
}

/** The worst of them. */
export function worstStatus(checks: readonly Finding[]): CheckStatus {
  for (const status of ["fail", "warning"] as const) {
    if (checks.some((check) => check.status === status)) return status;
  }
  return "ok";
}
