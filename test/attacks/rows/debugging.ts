// What the kernel's debugging calls, and debuggers made of them, let others do to the process.

import type { Attacker, Outcome, Row, Target } from "../outcome.ts";
import { holdsKey, sleep, type World } from "../world.ts";

function row(call: string, attacker: Attacker, control: Outcome, proxy: Outcome): Row {
  return {
    attack: call.startsWith("p") || call.includes("_") || call === "kcmp" ? call : `ptrace ${call}`,
    attacker,
    control,
    proxy,
    run: async (target, world) => {
      const { pid } = await world.standing(target);
      return world.attack(attacker, [world.program("debugging"), call, String(pid), world.key]);
    },
  };
}

// Nothing is claimed against this one. It is here so that the table says so.
async function injectWrite(target: Target, world: World): Promise<Outcome> {
  const victim = await world.start(target, { control: world.plainProxy });
  world.surrender(victim);
  const args = [String(victim.pid), world.key];
  const outcome = await world.attack("active root", [world.program("inject-write"), ...args]);
  await sleep(100);
  await world.end(victim);
  return holdsKey(Buffer.from(victim.output.stderr)) ? "gets key" : outcome;
}

export const debuggingRows: readonly Row[] = [
  row("attach", "same uid", "gets key", "denied"),
  row("seize", "same uid", "gets key", "denied"),
  row("process_vm_readv", "same uid", "gets key", "denied"),
  row("pidfd_getfd", "same uid", "gets process", "denied"),
  row("kcmp", "same uid", "gets process", "denied"),
  row("perf", "same uid", "gets process", "denied"),
  row("move_pages", "same uid", "gets process", "denied"),
  row("seize", "other uid", "denied", "denied"),
  row("process_vm_readv", "passive root", "gets key", "gets process"),
  {
    attack: "ptrace, and the process made to write its key out",
    attacker: "active root",
    control: "gets key",
    proxy: "gets key",
    run: injectWrite,
  },
];
