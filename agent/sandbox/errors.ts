// Every way in which a command cannot be run as the policy wants, in one table: what is said, what helps,
// and the status to exit with.

import { AgentError } from "../errors.ts";

const failures = {
  SANDBOX_NOT_MACOS: [1, "Seatbelt sandbox is only available on macOS", "use codex sandbox linux"],
  SANDBOX_NOT_LINUX: [1, "Landlock sandbox is only available on Linux", "use codex sandbox macos"],
  SANDBOX_PLATFORM: [
    1,
    "there is no sandbox for this operating system",
    "run in a container or virtual machine and choose --sandbox danger-full-access there",
  ],
  SANDBOX_LAUNCHER: [
    1,
    "the sandbox cannot be set up: its helper is not known, since codex was not started by its launcher",
    "start codex by the command that the package installs",
  ],
  SANDBOX_COMMAND: [2, "a command to run is wanted", "codex sandbox linux -- COMMAND…"],
  SANDBOX_NOT_FOUND: [127, "the command was not found", undefined],
  SANDBOX_NOT_EXECUTABLE: [126, "the command could not be started", undefined],
} as const satisfies Record<string, readonly [number, string, string | undefined]>;

export type SandboxErrorCode = keyof typeof failures;

/** A command that cannot be run, or not under its policy. */
export class SandboxError extends AgentError {
  override readonly name = "SandboxError";
  declare readonly code: SandboxErrorCode;

  constructor(code: SandboxErrorCode, detail?: string, cause?: unknown) {
    const [exitStatus, message, hint] = failures[code];
    super(detail === undefined ? message : `${message}: ${detail}`, { code, exitStatus, hint, cause });
  }
}
