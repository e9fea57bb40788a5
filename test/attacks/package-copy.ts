// A copy of the built package, for attacks that change what it runs. Only what the launcher and Node
// read of it; other users may read it.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { dirname, join } from "node:path";
import { launcher, packageRoot } from "../proxy-process.ts";

export interface PackageCopy {
  readonly root: string;
  readonly launcher: string;
  readonly entry: string;
}

/** Copy the package. Its node_modules hold hard links where they can: their files must not be changed. */
export function copyPackage(root: string): PackageCopy {
  fs.mkdirSync(join(root, "native/build"), { recursive: true });
  for (const name of fs.readdirSync(dirname(launcher))) {
    fs.copyFileSync(join(dirname(launcher), name), join(root, "native/build", name));
  }
  fs.copyFileSync(join(packageRoot, "package.json"), join(root, "package.json"));
  for (const part of ["cli", "hardening", "proxy"]) {
    fs.cpSync(join(packageRoot, "dist", part), join(root, "dist", part), { recursive: true });
  }
  const modules = [join(packageRoot, "node_modules"), join(root, "node_modules")];
  try {
    execFileSync("cp", ["-al", ...modules], { stdio: "ignore" });
  } catch {
    fs.rmSync(modules[1] as string, { recursive: true, force: true });
    execFileSync("cp", ["-a", ...modules]); // another file system, or links to foreign files forbidden
  }
  execFileSync("chmod", ["-R", "go+rX,go-w", join(root, "native"), join(root, "dist")]);
  for (const folder of [root, join(root, "node_modules")]) fs.chmodSync(folder, 0o755);
  return {
    root,
    launcher: join(root, "native/build/codex-responses-api-proxy"),
    entry: join(root, "dist/proxy/main.js"),
  };
}
