// The original, in Rust: the `responses-api-proxy` command of @openai/codex, its executable from npm.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../test/proxy-process.ts";
import { versionOf } from "./debian.ts";
import type { Peer } from "./peer.ts";

const folder = join(packageRoot, "bench");

/** The executable itself: the command that npm links is a Node program that starts it. */
function findExecutable(): string | undefined {
  const scope = join(folder, "node_modules/@openai");
  if (!fs.existsSync(scope)) return undefined;
  for (const name of fs.readdirSync(scope)) {
    const vendor = join(scope, name, "vendor");
    if (!fs.existsSync(vendor)) continue;
    for (const target of fs.readdirSync(vendor)) {
      const path = join(vendor, target, "bin/codex");
      if (fs.existsSync(path)) return path;
    }
  }
  return undefined;
}

function install(): string | undefined {
  if (findExecutable() !== undefined) return undefined;
  process.stderr.write("installing @openai/codex into bench/node_modules (400 MB)\n");
  const { status, stderr } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], {
    cwd: folder,
    encoding: "utf8",
    timeout: 240_000,
  });
  if (status !== 0) return `npm cannot install @openai/codex: ${stderr.trim().split("\n")[0] ?? ""}`;
  return findExecutable() === undefined ? "@openai/codex has no executable for this platform" : undefined;
}

export const rust: Peer = {
  name: "rust",
  title: "the original, in Rust",
  version: () => versionOf(findExecutable() ?? "codex", "--version"),
  missing: install,
  command: ({ port, upstreamPort, caFile, key }) => {
    const origin = caFile === undefined ? "http://127.0.0.1" : "https://localhost";
    return {
      command: findExecutable() as string,
      args: [
        "responses-api-proxy",
        "--port",
        `${port}`,
        "--upstream-url",
        `${origin}:${upstreamPort}/v1/responses`,
      ],
      input: `${key}\n`,
      env: { ...process.env, ...(caFile === undefined ? {} : { SSL_CERT_FILE: caFile }) },
    };
  },
};
