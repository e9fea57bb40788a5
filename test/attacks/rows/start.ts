// Attacks on the start: what reaches in before the process is closed, and who starts it.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Outcome, Row, Target } from "../outcome.ts";
import { readOutcome } from "../outcome.ts";
import { asVictim, outcomeOf, sleep, type World, waitUntil } from "../world.ts";

const stepMs = 25;
const steps = 24; // 600 ms; the proxy is up after some 300

// The control opens its inspector on a free port, not on 9229, which somebody else may be using.
const freePort = { nodeArgs: ["--inspect-port=0"] };

async function signalEveryStep(target: Target, world: World): Promise<Outcome> {
  for (let step = 0; step < steps; step++) {
    const victim = world.beginStart(target, freePort);
    await sleep(step * stepMs);
    victim.kill("SIGUSR1");
    await waitUntil(() => victim.isUp() || victim.hasEnded(), 5000);
    await sleep(100);
    victim.kill("SIGKILL");
    await victim.ended;
    if (/Debugger listening/.test(victim.output.stderr)) return "gets process";
  }
  return "denied";
}

const takeSnapshot = fileURLToPath(new URL("../programs/take-snapshot.js", import.meta.url));

async function debugFromOtherUid(target: Target, world: World): Promise<Outcome> {
  const victim = await world.start(target, freePort);
  await world.use(victim);
  const command = [...asVictim, "kill", "-USR1", String(victim.pid)];
  spawnSync("env", command);
  await sleep(500);
  const uid = String(asVictim.length > 0 ? 60001 : process.geteuid?.());
  const outcome = await world.attack("other uid", [process.execPath, takeSnapshot, uid, world.key]);
  await world.end(victim);
  return outcome;
}

function staleHandleRow(use: "read" | "write", control: Outcome): Row {
  return {
    attack: `/proc/PID/mem opened during the start, to ${use} later`,
    attacker: "same uid",
    control,
    proxy: "denied",
    run: async (target, world) => {
      const victim = world.beginStart(target);
      const args = [use, String(victim.pid), world.key];
      const attack = world.launchAttack("same uid", [world.program("stale-handle"), ...args]);
      await waitUntil(() => victim.isUp(), 5000);
      await sleep(200);
      const outcome = await outcomeOf(attack);
      victim.kill("SIGKILL");
      await victim.ended;
      return outcome;
    },
  };
}

async function startInNamespace(target: Target, world: World): Promise<Outcome> {
  const start = await world.tryStart(target, { through: ["unshare", "--user", "--map-current-user"] });
  if ("refusal" in start) {
    // As root of a namespace that maps no other user it does not even trust the owner of its files.
    if (/runs in a user namespace|others than root may change/.test(start.refusal)) return "refuses to start";
    return `not possible here: ${/unshare: .*/.exec(start.refusal)?.[0] ?? "it did not start"}`;
  }
  const args = ["process_vm_readv", String(start.victim.pid), world.key];
  const outcome = await world.attack("same uid", [world.program("debugging"), ...args]);
  await world.end(start.victim);
  return outcome;
}

async function startUnderDebugger(target: Target, world: World): Promise<Outcome> {
  const debuggerOf = world.beginStart(target, { through: [world.program("trace-parent"), world.key] });
  await waitUntil(() => debuggerOf.hasEnded(), 10_000);
  debuggerOf.kill("SIGKILL");
  await debuggerOf.ended;
  return readOutcome(debuggerOf.output.stdout);
}

export const startRows: readonly Row[] = [
  {
    attack: `SIGUSR1 at every ${stepMs} ms of the start, up to ${steps * stepMs}`,
    attacker: "same uid",
    control: "gets process",
    proxy: "denied",
    run: signalEveryStep,
  },
  {
    attack: "SIGUSR1 of the same uid, then a debugger",
    attacker: "other uid",
    control: "gets key",
    proxy: "denied",
    isSequential: true, // the attacker looks for any inspector of that uid
    run: debugFromOtherUid,
  },
  staleHandleRow("read", "gets key"),
  staleHandleRow("write", "gets process"),
  {
    attack: "started in a user namespace of the attacker",
    attacker: "same uid",
    control: "gets key",
    proxy: "refuses to start",
    run: startInNamespace,
  },
  {
    attack: "started by a debugger",
    attacker: "parent process",
    control: "gets key",
    proxy: "refuses to start",
    run: startUnderDebugger,
  },
];
