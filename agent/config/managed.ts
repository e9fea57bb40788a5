// What the administrator of the machine sets: read after everything else, so it wins over config.toml and
// -c. A file that others than root could have written is refused, and so is one in such a folder.

import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ConfigError } from "./errors.ts";
import { readSourceFile, type SourceFile } from "./source-file.ts";

export const managedConfigPath = "/etc/codex/managed_config.toml";

const writableByOthers = 0o022;

/**
 * @returns undefined if there is no such file
 * @throws ConfigError if someone else than root could have written it
 */
export async function readManagedConfig(path: string): Promise<SourceFile | undefined> {
  const source = await readSourceFile(path);
  if (source === undefined) return undefined;
  const folder = await stat(dirname(path));
  for (const [name, { uid, mode }] of [
    [path, source],
    [dirname(path), folder],
  ] as const) {
    const fault =
      uid !== 0
        ? "is not owned by root"
        : mode & writableByOthers
          ? "can be written to by others than root"
          : "";
    if (fault !== "") {
      throw new ConfigError("managed_config_unsafe", `refusing ${path}: ${name} ${fault}`, {
        hint: `an administrator can put it right: chown root:root ${name} && chmod go-w ${name}`,
      });
    }
  }
  return source;
}
