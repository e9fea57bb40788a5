// The folder in which the program was started, which may be gone.

import { AgentError } from "../agent/errors.ts";
import { reasonOf } from "../agent/system-error.ts";

/** @throws AgentError in the words of the original where there is no such folder any more */
export function workingDirectory(): string {
  try {
    return process.cwd();
  } catch (error) {
    throw new AgentError(reasonOf(error), {
      code: "CLI_NO_WORKING_DIRECTORY",
      hint: "the working directory was removed, or may not be entered: cd to another one",
      cause: error,
    });
  }
}
