// The file of each command, loaded when it is wanted.

import type { Command } from "commander";
import type { CommandName } from "../command-list.ts";

export const commandFiles: Readonly<Record<CommandName, () => Promise<{ readonly command: Command }>>> = {
  env: () => import("./env.ts"),
  exec: () => import("./exec.ts"),
  rotate: () => import("./rotate.ts"),
  token: () => import("./token.ts"),
  status: () => import("./status.ts"),
  wait: () => import("./wait.ts"),
  stop: () => import("./stop.ts"),
  top: () => import("./top.ts"),
  audit: () => import("./audit.ts"),
};
