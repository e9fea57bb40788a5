// nginx with one worker, set up for streams as its documentation has it: HTTP/1.1 and kept connections
// to the upstream, nothing buffered in either direction.

import fs from "node:fs";
import { join } from "node:path";
import { requireProgram, versionOf } from "./debian.ts";
import { findProgram, type Peer, type Task } from "./peer.ts";

// 200 connections are kept, as many as a measure has streams. keepalive_requests would otherwise close
// one after 1,000 requests.
function configuration({ port, upstreamPort, caFile, key, folder }: Task): string {
  const tls = `
      proxy_ssl_trusted_certificate ${caFile};
      proxy_ssl_verify on;
      proxy_ssl_name localhost;
      proxy_ssl_server_name on;`;
  const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 20000; }
http {
  access_log off;
  ${folders.map((name) => `${name}_temp_path ${folder}/${name};`).join("\n  ")}
  upstream api {
    server 127.0.0.1:${upstreamPort};
    keepalive 256;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    keepalive_requests 1000000000;
    client_max_body_size 0;
    location = /v1/responses {
      proxy_pass ${caFile === undefined ? "http" : "https"}://api;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Authorization "Bearer ${key}";
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_read_timeout 1h;${caFile === undefined ? "" : tls}
    }
  }
}
`;
}

export const nginx: Peer = {
  name: "nginx",
  title: "nginx",
  version: () => versionOf("nginx", "-v"),
  missing: () => requireProgram("nginx", "nginx-light"),
  command: (task) => {
    const file = join(task.folder, "nginx.conf");
    fs.writeFileSync(file, configuration(task));
    // Started by root, the worker is another user.
    fs.chmodSync(task.folder, 0o755);
    return { command: findProgram("nginx") as string, args: ["-p", task.folder, "-e", "stderr", "-c", file] };
  },
};
