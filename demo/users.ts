// Who plays whom: as root, the proxy drops to one user and the client is another; else both are this one.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";

export const isRoot = process.geteuid?.() === 0;

/** Whom the proxy serves as. */
export const proxyUser = 60_002;

export interface Client {
  /** for spawn and chown; empty where it is this user */
  readonly ids: { readonly uid: number; readonly gid: number } | Record<string, never>;
  /** a Node that it may run */
  readonly node: string;
}

const stranger = { uid: 60_001, gid: 60_001 };

/** @param folder - where a copy of Node is put, if this one lies in somebody's home */
export function openClient(folder: string): Client {
  if (!isRoot) return { ids: {}, node: process.execPath };
  const runs = spawnSync(process.execPath, ["--version"], { ...stranger, cwd: "/" }).status === 0;
  if (runs) return { ids: stranger, node: process.execPath };
  const copy = join(folder, "node");
  fs.copyFileSync(process.execPath, copy);
  fs.chmodSync(copy, 0o755);
  return { ids: stranger, node: copy };
}
