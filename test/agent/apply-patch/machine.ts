// What takes another user or a mount.

import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../proxy-process.ts";

export const isRoot = process.getuid?.() === 0;

export const canMount = ((): boolean => {
  if (!isRoot || process.platform !== "linux") return false;
  const folder = fs.mkdtempSync(join(tmpdir(), "apply-patch-mount-"));
  const isMounted = spawnSync("mount", ["-t", "tmpfs", "tmpfs", folder]).status === 0;
  if (isMounted) spawnSync("umount", [folder]);
  fs.rmdirSync(folder);
  return isMounted;
})();

/** Mount something for the length of some work. */
export async function withMount(
  at: string,
  options: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  const { status, stderr } = spawnSync("mount", [...options, at], { encoding: "utf8" });
  if (status !== 0) throw new Error(`mount: ${stderr}`);
  try {
    await work();
  } finally {
    spawnSync("umount", [at]);
  }
}

/** Give a folder to a user without rights, except for what `protect` changes, and apply a patch there as him. */
export function applyAsUser(place: string, patch: string, protect?: () => void): SpawnSyncReturns<string> {
  const user = 65534;
  spawnSync("chown", ["-R", `${user}:${user}`, place]);
  protect?.();
  const program = join(packageRoot, "dist/cli/apply-patch.js");
  const become = `process.setgroups([]);process.setgid(${user});process.setuid(${user});`;
  const script = `import(${JSON.stringify(program)}+"")`;
  return spawnSync(process.execPath, ["-e", `${become}process.argv.splice(1,0,"x");${script}`, patch], {
    cwd: place,
    encoding: "utf8",
  });
}
