// `codex logout`: forget what is stored, and have its tokens revoked. That nothing was stored is no failure,
// and nor is an issuer who cannot be told.

import type { Command } from "commander";
import { AgentError } from "../../agent/errors.ts";
import type { Session } from "../command.ts";
import { openLoginSession } from "../login/login-session.ts";
import { hintLine } from "../notices.ts";
import type { ProgramCommand } from "../program-command.ts";

/** Add the action. */
export function configure(command: Command, session: Session): void {
  (command as ProgramCommand).action(() => logOut(command, session));
}

async function logOut(command: Command, session: Session): Promise<number> {
  const login = await openLoginSession(command, session);
  if (login === undefined) return 1;
  try {
    const { hadLogin, document } = await login.store.take();
    const { revokeLogin } = await import("../../agent/auth/revoke.ts");
    await revokeLogin(document, session.environment).catch((error: unknown) => {
      if (!(error instanceof AgentError)) throw error;
      session.stderr.write(`warning: tokens are forgotten here but not revoked: ${error.message}\n`);
    });
    session.stderr.write(hadLogin ? "Successfully logged out\n" : "Not logged in\n");
    return 0;
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    session.stderr.write(`Error logging out: ${error.message}\n`);
    session.stderr.write(hintLine(error));
    return 1;
  }
}
