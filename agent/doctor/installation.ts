// Whether the parts of this package are where they belong, and whether the launcher started this process.

import { join } from "node:path";
import { shellWord } from "../shell-word.ts";
import type { DoctorContext, Finding } from "./check.ts";
import { isExecutableFile } from "./program-path.ts";
import { isReadable } from "./reading-fix.ts";

/** @param context - of which the package's folder and the launcher count */
export async function checkInstallation(context: DoctorContext): Promise<Finding> {
  const { packageRoot, version, launcher, platform } = context;
  const built = join(packageRoot, "native/build/codex-responses-api-proxy");
  const addon = join(packageRoot, "native/build/hardening.node");
  const details = { version, package: packageRoot, launcher: launcher ?? built, addon };
  const rebuild = `node ${shellWord(join(packageRoot, "native/build.mjs"))}`;
  if (!(await isExecutableFile(launcher ?? built))) {
    const summary = `the native launcher is missing or may not be run: ${launcher ?? built}`;
    return { status: "fail", summary, details, remediation: rebuild };
  }
  if (!(await isReadable(addon))) {
    const summary = `the native addon is missing or may not be read: ${addon}`;
    return { status: "fail", summary, details, remediation: rebuild };
  }
  if (launcher === undefined && platform === "linux") {
    return {
      status: "warning",
      summary: "started without the native launcher: sandboxed commands and apply_patch need it",
      details,
      remediation: `start ${shellWord(built)} under the name codex`,
    };
  }
  return { status: "ok", summary: `${version} in ${packageRoot}`, details };
}
