// What an attack can come to, in the words of the table, and what a row of the table says.

import type { World } from "./world.ts";

/**
 * - `gets key`: the attacker holds the key
 * - `gets process`: he runs code in the process, reads it, or has it do what it is not there for
 * - `denied`: the system or the proxy refused
 * - `no effect`: nobody refused, and nothing came of it
 */
export type Outcome =
  | "gets key"
  | "gets process"
  | "denied"
  | "no effect"
  | "refuses to start"
  | `not possible here: ${string}`;

export type Attacker =
  | "same uid"
  | "other uid"
  | "passive root"
  | "active root"
  | "parent process"
  | "starter's environment"
  | "inside";

/** Who is attacked: a proxy without protections that holds the key as a string, or ours. */
export type Target = "control" | "proxy";

export interface Row {
  readonly attack: string;
  readonly attacker: Attacker;
  readonly control: Outcome;
  readonly proxy: Outcome;
  /** whether the control must have ended before the proxy is attacked; by default both run at once */
  readonly isSequential?: boolean;
  /** Carry it out. An exception fails the row: it is neither a success nor a refusal. */
  run(target: Target, world: World): Promise<Outcome>;
}

const words = new Set<string>(["gets key", "gets process", "denied", "no effect", "refuses to start"]);

/**
 * Read the outcome off the last line that an attack program printed.
 *
 * @throws {Error} when it printed none: a program that failed proves nothing
 */
export function readOutcome(printed: string): Outcome {
  const line = printed.trimEnd().split("\n").at(-1) ?? "";
  if (words.has(line) || line.startsWith("not possible here: ")) return line as Outcome;
  throw new Error(`the attack program printed no outcome: ${JSON.stringify(printed)}`);
}

const rank: Readonly<Record<string, number>> = { "gets key": 2, "gets process": 1 };

/** What a pair of outcomes proves. */
export function judgePair(control: Outcome, proxy: Outcome): string {
  const [before, after] = [rank[control] ?? 0, rank[proxy] ?? 0];
  if (control.startsWith("not possible") || proxy.startsWith("not possible")) return "not tried";
  if (before === 0 && after === 0) return "proves nothing";
  if (after === 0) return "stopped";
  return after < before ? "key kept" : "succeeds";
}
