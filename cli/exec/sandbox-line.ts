// What commands may reach, on one line of the summary.

import type { Config } from "../../agent/config/config.ts";

/** @returns such as `workspace-write [workdir, /tmp, $TMPDIR]` */
export function sandboxLine({
  sandboxMode,
  workspaceWrite,
}: Pick<Config, "sandboxMode" | "workspaceWrite">): string {
  if (sandboxMode !== "workspace-write") return sandboxMode;
  const { excludeSlashTmp, excludeTmpdirEnvVar, writableRoots, networkAccess } = workspaceWrite;
  const places = [
    "workdir",
    ...(excludeSlashTmp ? [] : ["/tmp"]),
    ...(excludeTmpdirEnvVar ? [] : ["$TMPDIR"]),
    ...writableRoots,
  ];
  return `workspace-write [${places.join(", ")}]${networkAccess ? " (network access enabled)" : ""}`;
}
