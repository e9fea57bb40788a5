// The command after which this user can read a file that should be his.

import { access, constants, lstat } from "node:fs/promises";
import { shellWord } from "../shell-word.ts";
import type { DoctorContext } from "./check.ts";

/**
 * @param path - of a file that cannot be read as one
 * @returns undefined where the file is not what is in the way: then the check of its folder says what is
 */
export async function readingFix(
  path: string,
  { uid }: Pick<DoctorContext, "uid">,
): Promise<string | undefined> {
  const status = await lstat(path).catch(() => undefined);
  if (status === undefined) return undefined;
  const word = shellWord(path);
  if (!status.isFile() && !status.isSymbolicLink()) return `mv ${word} ${shellWord(`${path}.old`)}`;
  if (await isReadable(path)) return undefined;
  return status.uid === uid ? `chmod u+r ${word}` : `sudo chown "$(id -u)" ${word}`;
}

/** Whether this user may read it. */
export async function isReadable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}
