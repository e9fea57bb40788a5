// This proxy as its users start it: the launcher, every protection on.

import fs from "node:fs";
import { version } from "../../proxy/version.ts";
import { launcher, quietUser } from "../../test/proxy-process.ts";
import type { Peer } from "./peer.ts";

/** With a rule on who may connect, which lets the load in. */
export const oursLimited: Peer = {
  name: "ours-limited",
  title: "with --allow-uid",
  missing: () => ours.missing(),
  command: (task) => {
    const command = ours.command(task);
    const rule = ["--allow-uid", `${process.geteuid?.() ?? 0}`];
    return command && { ...command, args: [...command.args, ...rule] };
  },
};

export const ours: Peer = {
  name: "ours",
  title: "this proxy",
  version: () => `${version}, Node ${process.versions.node}`,
  missing: () => (fs.existsSync(launcher) ? undefined : "the launcher is not built (npm ci)"),
  command: ({ port, upstreamPort, caFile, key }) => {
    const origin = caFile === undefined ? "http://127.0.0.1" : "https://localhost";
    return {
      command: launcher,
      args: [
        ...quietUser,
        ...["--port", `${port}`, "--upstream-url", `${origin}:${upstreamPort}/v1/responses`],
        ...(caFile === undefined ? [] : ["--upstream-ca", caFile]),
      ],
      input: `${key}\n`,
    };
  },
};
