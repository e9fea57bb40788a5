// Whether a patch stays where commands may write: by the folders that its paths really lead to, links
// followed, and outside of what is read-only inside of them.

import { readlinkSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Config } from "../config/config.ts";
import type { Environment } from "../environment.ts";
import { existing, isInside } from "../sandbox/planted-links.ts";
import type { SandboxPolicy } from "../sandbox/policy.ts";
import { protectedNames, writableRoots } from "../sandbox/writable-roots.ts";
import { shellEnvironment } from "../shell-environment.ts";
import type { FileChange } from "../thread/thread-events.ts";

/** Every path that changes write, absolute and without `..`, each once. */
export function touchedPaths(changes: readonly FileChange[], cwd: string): readonly string[] {
  const written = changes.flatMap((change) =>
    change.kind === "update" && change.moveTo !== undefined ? [change.path, change.moveTo] : [change.path],
  );
  return [...new Set(written.map((path) => resolve(cwd, path)))];
}

/** Whether a command under the policy of this turn may write all of these paths. */
export function staysInside(
  paths: readonly string[],
  { policy, config, environment }: Surroundings,
): boolean {
  if (policy.mode !== "workspace-write") return policy.mode === "danger-full-access";
  const seen = shellEnvironment(environment, config.shellEnvironmentPolicy);
  const roots = writableRoots(policy, config.cwd, seen, [config.codexHome]);
  const names = roots.map(({ root }) => root);
  const readOnly = roots
    .flatMap(({ root, readOnlySubpaths }) => [
      ...readOnlySubpaths,
      // Made by nobody in a writable folder, whether they exist or not: see docs/sandbox.md.
      ...protectedNames.map((name) => join(root, name)),
    ])
    .filter((path) => !names.includes(path));
  return paths.every((path) => {
    const real = realPath(path);
    // The deepest root and the deepest protected folder around it: whichever is deeper has the say.
    const around = (folders: readonly string[]) =>
      Math.max(-1, ...folders.filter((folder) => isInside(real, folder)).map((folder) => folder.length));
    return around(names) > around(readOnly);
  });
}

interface Surroundings {
  readonly policy: SandboxPolicy;
  readonly config: Pick<Config, "cwd" | "codexHome" | "shellEnvironmentPolicy">;
  readonly environment: Environment;
}

// A path whose end does not exist yet: what exists of it with its links followed, and the rest as it is. A link
// that leads nowhere is followed too, as writing through it would.
function realPath(path: string, linksLeft = 40): string {
  const real = existing(path);
  if (real !== undefined) return real;
  const target = linksLeft > 0 ? linkTarget(path) : undefined;
  if (target !== undefined) return realPath(resolve(realPath(dirname(path)), target), linksLeft - 1);
  const parent = dirname(path);
  return parent === path ? path : join(realPath(parent, linksLeft), basename(path));
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // no link, or nothing at all
  }
}
