// `codex delete SESSION`: delete a session for good. A person is asked before; a script has to name it by
// its id and say --force.

import { createInterface } from "node:readline/promises";
import { type Command, Option } from "commander";
import { AgentError } from "../../agent/errors.ts";
import type { Session } from "../command.ts";
import type { ProgramCommand } from "../program-command.ts";

/** Add the argument, the flag and the action. */
export function configure(command: Command, session: Session): void {
  command
    .description("Delete a saved session for good, archived or not")
    .argument("<SESSION>", "Id or name of the session; what has the form of an id is taken for one")
    .addOption(new Option("--force", "Delete without a question. SESSION must be an id"));
  (command as ProgramCommand).action((idOrName: string, { force }: { readonly force?: boolean }) =>
    deleteSession(idOrName, force === true, session),
  );
}

async function deleteSession(idOrName: string, isForced: boolean, session: Session): Promise<void> {
  const [{ resolveCodexHome }, { deleteThread, findAnyThread }, { isSessionId }] = await Promise.all([
    import("../../agent/codex-home.ts"),
    import("../../agent/sessions/archive.ts"),
    import("../../agent/sessions/rollout-path.ts"),
  ]);
  if (isForced && !isSessionId(idOrName)) {
    throw refusal("--force requires a session UUID; names must be confirmed interactively");
  }
  const codexHome = await resolveCodexHome(session.environment);
  const { id } = await findAnyThread({ codexHome, idOrName });
  if (!isForced && !(await isConfirmed(id, session))) {
    session.stdout.write("Delete cancelled.\n");
    return;
  }
  await deleteThread({ codexHome, id });
  session.stdout.write(`Deleted session ${id}.\n`);
}

async function isConfirmed(id: string, { stdin, stdout }: Session): Promise<boolean> {
  if (!stdin.isTTY || !stdout.isTTY) {
    throw refusal(
      "cannot confirm session deletion without an interactive terminal; rerun with --force and a session UUID",
    );
  }
  stdout.write(`Permanently delete session ${id}?\nThis cannot be undone.\n`);
  const terminal = createInterface({ input: stdin, output: stdout });
  // End of input and Ctrl-C are no consent.
  const ended = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
  const answer = await Promise.race([terminal.question("Continue? [y/N]: ").catch(() => ""), ended]);
  terminal.close();
  return ["y", "yes"].includes(answer.trim().toLowerCase());
}

function refusal(message: string): AgentError {
  return new AgentError(message, { code: "CLI_DELETE_UNCONFIRMED" });
}
