// What the model is told of where it works: directory, policies, shell. Once at the start, and before a
// turn what has changed since.

import os from "node:os";
import { basename } from "node:path";
import type { Config } from "../config/config.ts";

/** The settings that the model is told of. */
export type EnvironmentSettings = Pick<Config, "cwd" | "approvalPolicy" | "sandboxMode" | "workspaceWrite">;

/** The text of the first message about the environment, with all of it. */
export function environmentContext(
  settings: EnvironmentSettings,
  shell: string | undefined = loginShell(),
): string {
  return element([
    ...directory(settings),
    ...approvals(settings),
    ...sandbox(settings),
    ...(shell === undefined ? [] : [`  <shell>${shell}</shell>`]),
  ]);
}

/** @returns the text of a message about what is different in `after`; undefined where nothing is */
export function environmentChange(
  before: EnvironmentSettings,
  after: EnvironmentSettings,
): string | undefined {
  const lines = [directory, approvals, sandbox].flatMap((part) => {
    const now = part(after);
    return now.join("\n") === part(before).join("\n") ? [] : now;
  });
  return lines.length === 0 ? undefined : element(lines);
}

function element(lines: readonly string[]): string {
  return ["<environment_context>", ...lines, "</environment_context>"].join("\n");
}

function directory({ cwd }: EnvironmentSettings): readonly string[] {
  return [`  <cwd>${path(cwd)}</cwd>`];
}

function approvals({ approvalPolicy }: EnvironmentSettings): readonly string[] {
  return [`  <approval_policy>${approvalPolicy}</approval_policy>`];
}

// Roots that are gone are not said to be gone: the whole of it is repeated, without them.
function sandbox({ sandboxMode, workspaceWrite }: EnvironmentSettings): readonly string[] {
  const isWorkspace = sandboxMode === "workspace-write";
  const hasNetwork = sandboxMode === "danger-full-access" || (isWorkspace && workspaceWrite.networkAccess);
  const roots = isWorkspace ? workspaceWrite.writableRoots : [];
  return [
    `  <sandbox_mode>${sandboxMode}</sandbox_mode>`,
    `  <network_access>${hasNetwork ? "enabled" : "restricted"}</network_access>`,
    ...(roots.length === 0
      ? []
      : [
          "  <writable_roots>",
          ...roots.map((root) => `    <root>${path(root)}</root>`),
          "  </writable_roots>",
        ]),
  ];
}

// A folder's name may hold anything; it shall not look like a setting.
function path(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[<>\x00-\x1f\x7f\u2028\u2029]/g, (character) =>
    character === "<" ? "&lt;" : character === ">" ? "&gt;" : `&#${character.charCodeAt(0)};`,
  );
}

function loginShell(): string | undefined {
  try {
    const name = basename(os.userInfo().shell ?? "");
    return ["bash", "zsh"].includes(name) ? name : undefined;
  } catch {
    return undefined; // a uid without an account
  }
}
