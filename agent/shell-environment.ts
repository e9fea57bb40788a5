// The environment of the commands that the agent runs: the user's own, by [shell_environment_policy]. What
// looks like a credential does not get there unless the policy says so.

import type { ShellEnvironmentPolicy } from "./config/config.ts";
import type { Environment } from "./environment.ts";

/** What `inherit = "core"` keeps. */
const coreNames = new Set(["HOME", "LOGNAME", "PATH", "SHELL", "USER", "USERNAME", "TMPDIR", "TEMP", "TMP"]);

/** What is dropped unless `ignore_default_excludes` is set. */
const defaultExcludes = ["*KEY*", "*SECRET*", "*TOKEN*"];

/**
 * Apply a policy to the user's environment: inherit, default excludes, exclude, set, include_only, in this
 * order. Variables of the sandbox are added later (see sandbox/command.ts) and are not subject to it.
 *
 * @param environment - as the user has it, with what the launcher hid from Node
 */
export function shellEnvironment(
  environment: Environment,
  policy: ShellEnvironmentPolicy,
): Record<string, string> {
  const excludes = [...(policy.ignoreDefaultExcludes ? [] : defaultExcludes), ...policy.exclude].map(glob);
  const includes = policy.includeOnly.map(glob);
  const kept: [string, string][] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined || policy.inherit === "none") continue;
    if (policy.inherit === "core" && !coreNames.has(name)) continue;
    if (!excludes.some((matches) => matches(name))) kept.push([name, value]);
  }
  const all = new Map([...kept, ...Object.entries(policy.set)]);
  // fromEntries defines own properties: a variable called __proto__ is one like any other.
  return Object.fromEntries(
    [...all].filter(([name]) => includes.length === 0 || includes.some((matches) => matches(name))),
  );
}

type Token = { readonly any: true } | { readonly any: false; matches(character: string): boolean };

/**
 * A matcher for whole names, without regard to case: `*` is any run of characters, `?` one character, `[a-z]`
 * one of a set. A bracket that does not close is itself. The time is linear in pattern times name.
 */
export function glob(pattern: string): (name: string) => boolean {
  const tokens = parse([...pattern.toLowerCase()]);
  return (name) => matchTokens(tokens, [...name.toLowerCase()]);
}

function parse(characters: readonly string[]): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] as string;
    const end = character === "[" ? characters.indexOf("]", at + 2) : -1;
    if (character === "*") tokens.push({ any: true });
    else if (character === "?") tokens.push({ any: false, matches: () => true });
    else if (end !== -1) {
      const set = characters.slice(at + 1, end);
      tokens.push({ any: false, matches: (one) => isInSet(set, one) });
      at = end;
    } else tokens.push({ any: false, matches: (one) => one === character });
  }
  return tokens;
}

function isInSet(set: readonly string[], character: string): boolean {
  for (let at = 0; at < set.length; at += 1) {
    const low = set[at] as string;
    const high = set[at + 1] === "-" ? set[at + 2] : undefined;
    if (high === undefined ? low === character : low <= character && character <= high) return true;
    if (high !== undefined) at += 2;
  }
  return false;
}

// Backtracks to the last star only: what an earlier one could take, the last can take as well.
function matchTokens(tokens: readonly Token[], name: readonly string[]): boolean {
  let token = 0;
  let star = -1;
  let starAt = 0;
  let at = 0;
  while (at < name.length) {
    const current = tokens[token];
    if (current?.any === true) {
      star = token;
      starAt = at;
      token += 1;
    } else if (current?.matches(name[at] as string)) {
      token += 1;
      at += 1;
    } else if (star !== -1) {
      starAt += 1;
      at = starAt;
      token = star + 1;
    } else return false;
  }
  return tokens.slice(token).every((rest) => rest.any);
}
