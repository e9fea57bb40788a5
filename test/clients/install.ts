// Installs a real client from the npm registry on demand, once per checkout, beside this package's
// own dependencies and not among them.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../proxy-process.ts";

/**
 * @param spec - a package with its version, as npm install takes it
 * @returns the folder whose node_modules holds it, or the reason why it cannot be had
 */
export function installClient(spec: string): { readonly folder: string } | { readonly missing: string } {
  const folder = join(packageRoot, "node_modules", ".cache", "clients", spec.replace(/[^a-z0-9.]+/g, "-"));
  const done = join(folder, "installed");
  if (fs.existsSync(done)) return { folder };
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(join(folder, "package.json"), "{}");
  const { status, stderr } = spawnSync(
    "npm",
    ["install", "--no-audit", "--no-fund", "--ignore-scripts", spec],
    {
      cwd: folder,
      encoding: "utf8",
      timeout: 240_000,
    },
  );
  if (status !== 0) return { missing: `npm cannot install ${spec}: ${stderr.trim().split("\n")[0] ?? ""}` };
  fs.writeFileSync(done, "");
  return { folder };
}

/** The `skip` of a test that needs the client: false, or a reason that nobody overlooks. */
export function skipUnless(client: ReturnType<typeof installClient>): string | false {
  if ("folder" in client) return false;
  process.stderr.write(`\n*** NOT TESTED: ${client.missing}\n\n`);
  return client.missing;
}
