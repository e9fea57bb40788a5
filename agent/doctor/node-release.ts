// Whether the Node release that runs this program still gets security fixes.

import { shellWord } from "../shell-word.ts";
import type { DoctorContext, Finding } from "./check.ts";

/** Last days of release lines, from the schedule of the Node.js release working group. */
const endOfLife: Readonly<Record<number, string>> = {
  18: "2025-04-30",
  20: "2026-04-30",
  21: "2024-06-01",
  22: "2027-04-30",
  23: "2025-06-01",
  24: "2028-04-30",
  25: "2026-06-01",
  26: "2029-04-30",
};

const oldest = [20, 18, 1] as const;

/** What builds this package again, for another Node. */
function rebuild(packageRoot: string): string {
  const suffix = "/lib/node_modules/codex-responses-api-proxy";
  if (!packageRoot.endsWith(suffix)) return `cd ${shellWord(packageRoot)} && npm ci`;
  const prefix = packageRoot.slice(0, -suffix.length) || "/";
  return `npm rebuild --global --prefix ${shellWord(prefix)} codex-responses-api-proxy`;
}

/** @param context - of which the version, the time and the package's folder count */
export function checkNode({ nodeVersion, now, platform, packageRoot }: DoctorContext): Finding {
  const [major = 0, minor = 0, patch = 0] = nodeVersion.split(".").map(Number);
  const last = endOfLife[major];
  const details = { version: nodeVersion, "end of life": last ?? "not known here", platform };
  const isTooOld =
    major < oldest[0] ||
    (major === oldest[0] && (minor < oldest[1] || (minor === oldest[1] && patch < oldest[2])));
  const remediation = `install the newest LTS release of Node.js, then: ${rebuild(packageRoot)}`;
  if (isTooOld) {
    const summary = `Node ${nodeVersion} is older than ${oldest.join(".")}, the oldest that is supported`;
    return { status: "fail", summary, details, remediation };
  }
  if (last !== undefined && now.getTime() >= Date.parse(last) + 86_400_000) {
    const summary = `Node ${nodeVersion} gets no security fixes since ${last}`;
    return { status: "warning", summary, details, remediation };
  }
  return { status: "ok", summary: `Node ${nodeVersion}`, details };
}
