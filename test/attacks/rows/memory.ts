// What /proc shows of the process to others.

import type { Attacker, Outcome, Row } from "../outcome.ts";

function row(file: string, attacker: Attacker, control: Outcome, proxy: Outcome): Row {
  return {
    attack: `/proc/PID/${file}`,
    attacker,
    control,
    proxy,
    run: async (target, world) => {
      const { pid } = await world.standing(target);
      return world.attack(attacker, [world.program("proc-files"), file, String(pid), world.key]);
    },
  };
}

export const memoryRows: readonly Row[] = [
  row("mem", "same uid", "gets key", "denied"),
  row("task", "same uid", "gets key", "denied"),
  row("maps", "same uid", "gets process", "denied"),
  row("environ", "same uid", "gets process", "denied"),
  row("fd", "same uid", "gets process", "denied"),
  row("auxv", "same uid", "gets process", "denied"),
  row("pagemap", "same uid", "gets process", "denied"),
  row("mem", "other uid", "denied", "denied"),
  row("environ", "other uid", "denied", "denied"),
  // Root may read all memory; what counts is that the key is not in what it reads.
  row("mem", "passive root", "gets key", "gets process"),
  row("task", "passive root", "gets key", "gets process"),
  {
    attack: "/proc/PID/environ, the key having been in the starter's environment",
    attacker: "passive root",
    control: "gets key",
    proxy: "no effect",
    run: async (target, world) => {
      const env = { PATH: process.env.PATH, OPENAI_API_KEY: world.key };
      const victim = await world.start(target, { env });
      const args = ["environ", String(victim.pid), world.key];
      const outcome = await world.attack("passive root", [world.program("proc-files"), ...args]);
      await world.end(victim);
      return outcome;
    },
  },
];
