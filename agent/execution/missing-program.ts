// A program that is not there, told from one that fails: whoever looks for it, the runner or the helper of the
// sandbox, has a status and words of its own for that.

import { SandboxError } from "../sandbox/errors.ts";

/** native/sandbox/sandbox.h */
const helperNotStarted = 101;
const reasons = [
  { code: "SANDBOX_NOT_FOUND", reason: "No such file or directory", runnerStatus: 127 },
  { code: "SANDBOX_NOT_EXECUTABLE", reason: "Permission denied", runnerStatus: 126 },
] as const;

/** Why a command was never started, or undefined for one that was. */
export function missingProgram(
  [program = ""]: readonly string[],
  exitStatus: number,
  output: string,
): SandboxError | undefined {
  const said = output.replaceAll("\r\n", "\n");
  for (const { code, reason, runnerStatus } of reasons) {
    const byRunner = exitStatus === runnerStatus && said === `${program}: ${reason}\n`;
    const byHelper =
      exitStatus === helperNotStarted &&
      said.startsWith(`codex-linux-sandbox: error: Failed to execvp ${program}: ${reason} (`);
    if (byRunner || byHelper) return new SandboxError(code, program);
  }
  return undefined;
}
