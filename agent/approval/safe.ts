// Commands that only read, and so are not asked about. What is not known for sure to be one of them is none.

import type { Config } from "../config/config.ts";
import type { Environment } from "../environment.ts";
import type { SandboxPolicy } from "../sandbox/policy.ts";

/** Where a command would run. */
export interface Place {
  readonly cwd: string;
  readonly policy: SandboxPolicy;
  readonly config: Pick<Config, "cwd" | "codexHome" | "shellEnvironmentPolicy">;
  readonly environment: Environment;
}

const harmless = new Set(["cat", "echo", "false", "head", "ls", "pwd", "tail", "true", "wc", "whoami"]);

/** Whether a command only reads, whatever its arguments and wherever it runs. */
export async function isKnownSafe(command: readonly string[], _place: Place): Promise<boolean> {
  return command[0] !== undefined && harmless.has(command[0]);
}
