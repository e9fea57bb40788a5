// The floor of every proxy in JavaScript: bytes in, bytes out, nothing looked at.

import { fileURLToPath } from "node:url";
import type { Peer } from "./peer.ts";

export const relay: Peer = {
  name: "relay",
  title: "a bare TCP relay in Node",
  isKeyless: true,
  version: () => `Node ${process.versions.node}`,
  missing: () => undefined,
  command: ({ port, upstreamPort, caFile }) => ({
    command: process.execPath,
    args: [
      fileURLToPath(new URL("./relay-server.js", import.meta.url)),
      `${port}`,
      `${upstreamPort}`,
      caFile ?? "",
    ],
  }),
};
