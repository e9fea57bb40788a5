// A context for checks in which everything is well, to be spoiled one thing at a time.

import type { DoctorContext } from "../../../agent/doctor/check.ts";
import { packageRoot } from "../../proxy-process.ts";

/** @param changes - what is different from a healthy machine */
export function healthyContext(changes: Partial<DoctorContext> = {}): DoctorContext {
  return {
    environment: { PATH: process.env.PATH, TERM: "xterm-256color", LANG: "C.UTF-8" },
    cwd: "/",
    now: new Date("2026-11-22T12:00:00Z"),
    version: "0.1.0",
    packageRoot,
    launcher: `${packageRoot}native/build/codex-responses-api-proxy`,
    nodeVersion: "24.11.0",
    platform: "linux",
    uid: process.geteuid?.(),
    terminal: {
      isStdinTerminal: true,
      isStdoutTerminal: true,
      isStderrTerminal: true,
      columns: 120,
      rows: 40,
      colorDepth: 8,
    },
    ...changes,
  };
}
