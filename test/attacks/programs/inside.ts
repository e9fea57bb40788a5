// Stands in for the entry of a victim: becomes it, and on SIGUSR2 does from inside what the order
// beside it names, as code would that an attacker has brought in. Says on stderr what came of it.

import fs from "node:fs";
import { createRequire } from "node:module";

/** Lies beside this file as order.json. */
export interface Order {
  /** the module that this one stands in for */
  readonly entry: string;
  /** libinside.c, compiled */
  readonly addon: string;
  readonly attack: string;
  readonly argument: string;
  /** the key in two halves, so that this file does not hold it */
  readonly halves: readonly [string, string];
}

interface Addon {
  /** errno, 0 where the forbidden thing worked */
  attempt(what: string, argument: string): number;
}

const order = JSON.parse(fs.readFileSync(new URL("order.json", import.meta.url), "utf8")) as Order;
const addon = createRequire(import.meta.url)(order.addon) as Addon;

function sayAttempt(errno: number): void {
  const refusals = [1, 13, 93]; // EPERM, EACCES, EPROTONOSUPPORT
  const outcome =
    errno === 0 ? "gets process" : refusals.includes(errno) ? "denied" : `failed with errno ${errno}`;
  fs.writeSync(2, `attack: ${outcome}\n`);
}

const inJavaScript: Readonly<Record<string, () => void>> = {
  throw: () => {
    throw new Error(`cannot send Bearer ${order.halves.join("")}`);
  },
  reject: () => {
    Promise.reject(new Error(`cannot send Bearer ${order.halves.join("")}`));
  },
  recurse: () => {
    const again = (depth: number): number => again(depth + 1) + 1;
    again(0);
  },
  outOfMemory: () => {
    const kept: unknown[] = [];
    for (;;) kept.push(new Array(1_000_000).fill(kept.length + 0.5));
  },
};

process.on("SIGUSR2", () => {
  const act = inJavaScript[order.attack];
  if (act !== undefined) act();
  else sayAttempt(addon.attempt(order.attack, order.argument));
});

await import(order.entry);
