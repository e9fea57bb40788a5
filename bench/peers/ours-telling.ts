// This proxy with all that it can tell: the audit log with its hash chain in a file, and metrics.

import { join } from "node:path";
import { ours } from "./ours.ts";
import type { Peer } from "./peer.ts";

export const oursTelling: Peer = {
  ...ours,
  name: "ours-telling",
  title: "with audit and metrics",
  command: (task) => {
    const command = ours.command(task);
    if (command === undefined) return undefined;
    const audit = ["--audit-log", join(task.folder, "audit.log"), "--audit-chain"];
    return {
      ...command,
      args: [...command.args, ...audit, "--admin-socket", join(task.folder, "admin.sock")],
    };
  },
};
