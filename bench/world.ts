// What every measurement needs: the load program with its upstream, a certificate authority, a folder.

import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { makeAuthority } from "../test/mock/certificate.ts";
import { endWithEverything } from "./processes.ts";
import { type Rig, startRig } from "./rig.ts";

export interface World {
  readonly rig: Rig;
  /** what the upstream wants to see */
  readonly key: string;
  /** PEM, the authority of the upstream's certificate */
  readonly caFile: string;
  /** for whatever a run needs; removed at its end */
  readonly folder: string;
}

/** Open it, once. It is gone when the process ends, and so is everything that was started in it. */
export async function openWorld(): Promise<World> {
  const folder = fs.mkdtempSync(join(os.tmpdir(), "codex-bench-"));
  fs.chmodSync(folder, 0o755); // proxies that become another user read their certificate there
  endWithEverything(() => fs.rmSync(folder, { recursive: true, force: true }));
  const key = "sk-bench-0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
  const authority = makeAuthority();
  const server = authority.issue(["localhost", "127.0.0.1"]);
  const write = (name: string, text: string) => {
    const path = join(folder, name);
    fs.writeFileSync(path, text);
    return path;
  };
  const caFile = write("ca.pem", authority.cert);
  const rig = await startRig(folder, key, {
    certificate: write("server.pem", server.cert),
    privateKey: write("server-key.pem", server.key),
  });
  return { rig, key, caFile, folder };
}
