// Caddy. Every write is flushed at once; Go sees the one core that it may use and runs on that.

import fs from "node:fs";
import { join } from "node:path";
import { requireProgram, versionOf } from "./debian.ts";
import { findProgram, type Peer, type Task } from "./peer.ts";

function configuration({ port, upstreamPort, caFile, key }: Task): string {
  const tls = `
        tls
        tls_trusted_ca_certs ${caFile}
        tls_server_name localhost`;
  return `
{
  admin off
  auto_https off
  log {
    level ERROR
  }
}
http://127.0.0.1:${port} {
  handle /v1/responses {
    reverse_proxy 127.0.0.1:${upstreamPort} {
      flush_interval -1
      header_up Authorization "Bearer ${key}"
      transport http {
        versions 1.1
        compression off
        keepalive_idle_conns_per_host 256${caFile === undefined ? "" : tls}
      }
    }
  }
}
`;
}

export const caddy: Peer = {
  name: "caddy",
  title: "Caddy",
  version: () => versionOf("caddy", "version"),
  missing: () => requireProgram("caddy", "caddy"),
  command: (task) => {
    const file = join(task.folder, "Caddyfile");
    fs.writeFileSync(file, configuration(task));
    return {
      command: findProgram("caddy") as string,
      args: ["run", "--adapter", "caddyfile", "--config", file],
      env: { ...process.env, HOME: task.folder, XDG_DATA_HOME: task.folder, XDG_CONFIG_HOME: task.folder },
    };
  },
};
