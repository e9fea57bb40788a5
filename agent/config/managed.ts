// What the administrator of the machine sets: read after everything else, so it wins over config.toml and
// -c. A file that others than root could have written, moved or taken away is refused.

import { lstat, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ConfigError } from "./errors.ts";
import { readSourceFile, type SourceFile } from "./source-file.ts";

export const managedConfigPath = "/etc/codex/managed_config.toml";

const writableByOthers = 0o022;
const sticky = 0o1000;

/**
 * @returns undefined if there is no such file
 * @throws ConfigError if someone else than root decides what is in it
 */
export async function readManagedConfig(path: string): Promise<SourceFile | undefined> {
  const source = await readSourceFile(path);
  if (source === undefined) {
    // A link whose target has been taken away must not mean that there are no rules.
    if (await isThere(path)) throw refusal(path, path, "leads nowhere");
    return undefined;
  }
  // Whoever owns the root folder decides on everything: in a user namespace that does not know root, it is
  // the same stranger to whom root's files belong.
  const root = (await stat("/")).uid;
  const check = (name: string, { uid, mode }: { readonly uid: number; readonly mode: number }): void => {
    if (uid !== 0 && uid !== root) throw refusal(path, name, "is not owned by root");
    if (mode & writableByOthers) throw refusal(path, name, "can be written to by others than root");
  };
  check(path, source);
  check(dirname(path), await stat(dirname(path)));
  let folder = dirname(await realpath(path));
  check(folder, await stat(folder));
  while (folder !== "/") {
    folder = dirname(folder);
    const { uid, mode } = await stat(folder);
    // In a sticky folder, as /tmp, what is root's stays where it is.
    check(folder, { uid, mode: mode & sticky ? 0 : mode });
  }
  return source;
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function refusal(path: string, name: string, fault: string): ConfigError {
  const hint =
    fault === "leads nowhere"
      ? `an administrator can put it right: ls -l ${name}`
      : `an administrator can put it right: chown root:root ${name} && chmod go-w ${name}`;
  return new ConfigError("CONFIG_MANAGED_UNSAFE", `refusing ${path}: ${name} ${fault}`, { hint });
}
