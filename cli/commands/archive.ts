// `codex archive SESSION`: put a session aside, so that lists leave it out.

import type { Command } from "commander";
import type { Session } from "../command.ts";
import type { ProgramCommand } from "../program-command.ts";

/** Add the argument and the action. */
export function configure(command: Command, session: Session): void {
  command
    .description("Put a saved session aside: lists and --last leave it out")
    .argument("<SESSION>", "Id or name of the session; what has the form of an id is taken for one");
  (command as ProgramCommand).action(async (idOrName: string) => {
    const [{ resolveCodexHome }, { archiveThread }] = await Promise.all([
      import("../../agent/codex-home.ts"),
      import("../../agent/sessions/archive.ts"),
    ]);
    const { id } = await archiveThread({ codexHome: await resolveCodexHome(session.environment), idOrName });
    session.stdout.write(`Archived session ${id}.\n`);
  });
}
