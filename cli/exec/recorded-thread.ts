// Which recorded thread `codex exec resume` goes on with.

import type { Config } from "../../agent/config/config.ts";
import type { RecordedThread } from "../../agent/sessions/thread-store.ts";

/** As it was asked for. */
export type WantedThread =
  | { readonly idOrName: string }
  /** the last used; of this folder, unless `inAnyFolder` */
  | { readonly isLast: true; readonly inAnyFolder: boolean }
  /** `resume` was all that was said: as in the original, that begins a new one */
  | { readonly isNone: true };

/**
 * Read the thread that is wanted.
 *
 * @param warn - told where a new thread begins
 * @returns undefined where a new thread is to begin, as there is none yet
 * @throws {SessionError} where no thread has that id or name, or it cannot be read
 */
export async function recordedThread(
  wanted: WantedThread,
  { codexHome, cwd }: Pick<Config, "codexHome" | "cwd">,
  warn: (message: string) => void,
): Promise<RecordedThread | undefined> {
  if ("isNone" in wanted) {
    warn("neither a session nor --last was named: a new session begins");
    return undefined;
  }
  const [{ findThread, newestThread }, { readRollout }, { SessionError }] = await Promise.all([
    import("../../agent/sessions/threads.ts"),
    import("../../agent/sessions/read-rollout.ts"),
    import("../../agent/sessions/errors.ts"),
  ]);
  let file: string | undefined;
  if ("idOrName" in wanted) {
    const { idOrName } = wanted;
    file = (await findThread({ codexHome, idOrName }))?.file;
    if (file === undefined) {
      const archived = await findThread({ codexHome, idOrName, isArchived: true });
      if (archived !== undefined) {
        const { id } = archived;
        const message = `session ${id} is archived. Run \`codex unarchive ${id}\` to unarchive it first.`;
        throw new SessionError("SESSION_ARCHIVED", message);
      }
      throw new SessionError("SESSION_NOT_SAVED", `No saved session found with ID ${idOrName}`);
    }
  } else {
    file = (await newestThread({ codexHome, ...(!wanted.inAnyFolder && { cwd }) }))?.file;
    if (file === undefined) {
      const where = wanted.inAnyFolder ? "" : ` that began in ${cwd}`;
      warn(`there is no session${where} to go on with: a new one begins`);
      return undefined;
    }
  }
  return readRollout(file);
}
