// `codex review`: the same as `codex exec review`.

import type { Command } from "commander";
import type { Session } from "../command.ts";
import { configureReview } from "../exec/review.ts";

/** Add the options and the action. */
export function configure(command: Command, session: Session): void {
  configureReview(command, session);
}
