// What commands of the model can be kept from on this machine: found out by trying, with the facts of the
// kernel beside it.

import { readFile } from "node:fs/promises";
import { release } from "node:os";
import { sandboxAvailability } from "../sandbox/availability.ts";
import type { DoctorContext, Finding } from "./check.ts";
import { programsInPath } from "./program-path.ts";

/** @param context - of which the launcher and the environment count */
export async function checkSandbox(context: DoctorContext): Promise<Finding> {
  const { launcher, environment, platform } = context;
  const available = await sandboxAvailability(launcher, environment);
  const details = {
    "files outside the workspace and the network": available.isEnforced ? "protected" : "not protected",
    ".git, .codex and .agents in the workspace": available.protectsSubpaths ? "protected" : "not protected",
    ...(platform === "linux" ? await kernelFacts(context) : {}),
  };
  const remedy = available.remedy === undefined ? {} : { remediation: available.remedy };
  if (!available.isEnforced) {
    const summary = `commands cannot be kept in a sandbox: ${available.problem ?? "unknown reason"}`;
    return { status: "fail", summary, details, ...remedy };
  }
  if (available.problem !== undefined) {
    return { status: "warning", summary: available.problem, details, ...remedy };
  }
  return { status: "ok", summary: "files, network and .git are protected from commands", details };
}

async function kernelFacts(context: DoctorContext): Promise<Record<string, string | readonly string[]>> {
  const modules = await lineOf("/sys/kernel/security/lsm");
  const namespaces = await lineOf("/proc/sys/user/max_user_namespaces");
  const restricted = await lineOf("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
  return {
    kernel: release(),
    "security modules": modules ?? "unknown",
    seccomp: (await lineOf("/proc/sys/kernel/seccomp/actions_avail")) ?? "not there",
    "user namespaces":
      namespaces === "0" ? "none allowed" : restricted === "1" ? "restricted by AppArmor" : "allowed",
    bubblewrap: await programsInPath("bwrap", context),
  };
}

async function lineOf(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").then(
    (text) => text.trim(),
    () => undefined,
  );
}
