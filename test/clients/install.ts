// Installs a real client from the npm registry on demand, once per checkout, beside this package's
// own dependencies and not among them.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../proxy-process.ts";

/**
 * @param spec - packages with their versions, as npm install takes them, with blanks between
 * @param options - `hasOptional`: whether their optional dependencies, such as a binary, come with them
 * @returns the folder whose node_modules holds it, or the reason why it cannot be had
 */
export function installClient(
  spec: string,
  { hasOptional = true }: { readonly hasOptional?: boolean } = {},
): { readonly folder: string } | { readonly missing: string } {
  const folder = join(packageRoot, "node_modules", ".cache", "clients", spec.replace(/[^a-z0-9.]+/g, "-"));
  const done = join(folder, "installed");
  if (fs.existsSync(done)) return { folder };
  fs.mkdirSync(folder, { recursive: true });
  const release = takeTurn(join(folder, "installing"));
  try {
    return fs.existsSync(done) ? { folder } : install(spec, folder, done, hasOptional);
  } finally {
    release();
  }
}

function install(
  spec: string,
  folder: string,
  done: string,
  hasOptional: boolean,
): ReturnType<typeof installClient> {
  const optional = hasOptional ? [] : ["--omit=optional"];
  fs.writeFileSync(join(folder, "package.json"), "{}");
  const { status, stderr } = spawnSync(
    "npm",
    ["install", "--no-audit", "--no-fund", "--ignore-scripts", ...optional, ...spec.split(" ")],
    {
      cwd: folder,
      encoding: "utf8",
      timeout: 240_000,
    },
  );
  if (status !== 0)
    return { missing: `npm cannot install ${spec}: ${/^npm error .*/m.exec(stderr)?.[0] ?? stderr.trim()}` };
  fs.writeFileSync(done, "");
  return { folder };
}

/** Test files run side by side: one of them installs, the others wait. The turn of a dead process is free. */
function takeTurn(lock: string): () => void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      fs.symlinkSync(String(process.pid), lock);
      return () => fs.rmSync(lock, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const holder = holderOf(lock);
    if (holder !== undefined && !isAlive(holder)) fs.rmSync(lock, { force: true });
    Atomics.wait(pause, 0, 0, 100);
  }
}

/** @returns undefined where the turn was given back meanwhile */
function holderOf(lock: string): number | undefined {
  try {
    return Number(fs.readlinkSync(lock));
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** The `skip` of a test that needs the client: false, or a reason that nobody overlooks. */
export function skipUnless(client: ReturnType<typeof installClient>): string | false {
  if ("folder" in client) return false;
  process.stderr.write(`\n*** NOT TESTED: ${client.missing}\n\n`);
  return client.missing;
}
