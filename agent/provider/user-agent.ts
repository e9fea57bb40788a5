// Who sends: `originator`, and a User-Agent of the form that the service and its dashboards know, with this
// program behind it: `codex_exec/0.50.0 (Debian 12.0.0; x86_64) xterm (codex-responses-api-proxy 0.1.0)`.

import fs from "node:fs";
import os from "node:os";
import type { Environment } from "../environment.ts";

/** What tells the service which face of the program asks. */
export interface Sender {
  /** the release of the original whose requests these are */
  readonly version: string;
  readonly originator: string;
  readonly userAgent: string;
}

/** What a face of the program says of itself. */
export interface SenderFacts {
  /** such as `codex_exec`; CODEX_INTERNAL_ORIGINATOR_OVERRIDE wins over it */
  readonly originator: string;
  readonly matchedRelease: string;
  readonly packageVersion: string;
}

/**
 * Say who sends.
 *
 * @param environment - for the originator and the name of the terminal
 */
export function describeSender(facts: SenderFacts, environment: Environment): Sender {
  const { matchedRelease: version, packageVersion } = facts;
  const override = plain(environment.CODEX_INTERNAL_ORIGINATOR_OVERRIDE ?? "");
  const originator = override === "" ? facts.originator : override;
  const machine = `${systemName()}; ${architecture()}`;
  const program = `codex-responses-api-proxy ${packageVersion}`;
  return {
    originator,
    version,
    userAgent: `${originator}/${version} (${machine}) ${terminal(environment)} (${program})`,
  };
}

// A header takes no more than that, and a variable may hold anything.
function plain(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "_").trim();
}

function architecture(): string {
  const names: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "arm64", ia32: "i386" };
  return names[os.arch()] ?? os.arch();
}

function systemName(): string {
  if (os.platform() === "darwin") return `Mac OS ${threeParts(os.release())}`;
  try {
    const release = fs.readFileSync("/etc/os-release", "utf8");
    const field = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, "m").exec(release)?.[1];
    const [name = "Linux"] = (field("NAME") ?? "Linux").split(" ");
    return plain(`${name} ${threeParts(field("VERSION_ID") ?? "")}`).trim();
  } catch {
    return `Linux ${threeParts(os.release())}`;
  }
}

function threeParts(version: string): string {
  const numbers = /^\d+(\.\d+)*/.exec(version)?.[0].split(".").map(Number);
  if (numbers === undefined) return "";
  return [0, 1, 2].map((index) => numbers[index] ?? 0).join(".");
}

function terminal(environment: Environment): string {
  const { TERM_PROGRAM: program, TERM_PROGRAM_VERSION: version, TERM: term } = environment;
  if (program !== undefined && program.trim() !== "") {
    return plain(version === undefined || version === "" ? program : `${program}/${version}`);
  }
  return plain(term ?? "") || "unknown";
}
