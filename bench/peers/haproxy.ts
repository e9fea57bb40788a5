// HAProxy with one thread. `http-no-delay` is what its manual gives for streams of small pieces:
// without it the kernel may hold a piece back until more comes.

import fs from "node:fs";
import { join } from "node:path";
import { requireProgram, versionOf } from "./debian.ts";
import { findProgram, type Peer, type Task } from "./peer.ts";

function configuration({ port, upstreamPort, caFile, key }: Task): string {
  const tls = ` ssl verify required ca-file ${caFile} sni str(localhost) verifyhost localhost`;
  return `
global
  nbthread 1
  maxconn 9000
defaults
  mode http
  option http-no-delay
  option http-keep-alive
  http-reuse always
  timeout connect 10s
  timeout client 1h
  timeout server 1h
frontend clients
  bind 127.0.0.1:${port} backlog 4096
  http-request deny unless { path /v1/responses } { method POST }
  http-request set-header Authorization "Bearer ${key}"
  default_backend api
backend api
  server api 127.0.0.1:${upstreamPort}${caFile === undefined ? "" : tls}
`;
}

export const haproxy: Peer = {
  name: "haproxy",
  title: "HAProxy",
  version: () => versionOf("haproxy", "-v"),
  missing: () => requireProgram("haproxy", "haproxy"),
  command: (task) => {
    const file = join(task.folder, "haproxy.cfg");
    fs.writeFileSync(file, configuration(task));
    return { command: findProgram("haproxy") as string, args: ["-db", "-f", file] };
  },
};
