// What the kernel's debugging calls, and debuggers made of them, let others do to the process.

import type { Attacker, Outcome, Row } from "../outcome.ts";

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
];
