// The control: a proxy as one would write it in Node, with nothing of what this one guarantees.

import { fileURLToPath } from "node:url";
import type { Peer } from "./peer.ts";

export const plainNode: Peer = {
  name: "plain-node",
  title: "node:http and undici, nothing else",
  version: () => `Node ${process.versions.node}`,
  missing: () => undefined,
  command: ({ port, upstreamPort, caFile, key }) => ({
    command: process.execPath,
    args: [
      fileURLToPath(new URL("./plain-node-server.js", import.meta.url)),
      `${port}`,
      `${upstreamPort}`,
      caFile ?? "",
    ],
    input: key,
  }),
};
