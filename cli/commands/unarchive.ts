// `codex unarchive SESSION`: bring back a session that was put aside.

import type { Command } from "commander";
import type { Session } from "../command.ts";
import type { ProgramCommand } from "../program-command.ts";

/** Add the argument and the action. */
export function configure(command: Command, session: Session): void {
  command
    .description("Bring back a saved session that was put aside")
    .argument("<SESSION>", "Id or name of the session; what has the form of an id is taken for one");
  (command as ProgramCommand).action(async (idOrName: string) => {
    const [{ resolveCodexHome }, { unarchiveThread }] = await Promise.all([
      import("../../agent/codex-home.ts"),
      import("../../agent/sessions/archive.ts"),
    ]);
    const { id } = await unarchiveThread({
      codexHome: await resolveCodexHome(session.environment),
      idOrName,
    });
    session.stdout.write(`Unarchived session ${id}.\n`);
  });
}
