// `codex logout`: forget what is stored. That nothing was stored is no failure.

import type { Command } from "commander";
import { AgentError } from "../../agent/errors.ts";
import type { Session } from "../command.ts";
import { openLoginSession } from "../login/login-session.ts";
import type { ProgramCommand } from "../program-command.ts";

/** Add the action. */
export function configure(command: Command, session: Session): void {
  (command as ProgramCommand).action(() => logOut(command, session));
}

async function logOut(command: Command, session: Session): Promise<number> {
  const login = await openLoginSession(command, session);
  if (login === undefined) return 1;
  try {
    const hadLogin = await login.store.remove();
    session.stderr.write(hadLogin ? "Successfully logged out\n" : "Not logged in\n");
    return 0;
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    session.stderr.write(`Error logging out: ${error.message}\n`);
    if (error.hint !== undefined) session.stderr.write(`hint: ${error.hint}\n`);
    return 1;
  }
}
