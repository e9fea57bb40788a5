// What a crash leaves behind: core files with `ulimit -c unlimited`, gcore, and whatever else lies in
// the working directory afterwards.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { constants } from "node:os";
import type { Attacker, Outcome, Row, Target } from "../outcome.ts";
import { asVictim, contentsOf, holdsKey, outcomeOf, type World, waitUntil } from "../world.ts";

/** A shell that lifts the limit on core files and becomes what follows. */
export const withCores = ["sh", "-c", 'ulimit -c unlimited; exec "$@"', "sh"];

/** Why a crash leaves no core file in the working directory, whoever crashes; undefined where it does. */
export function noCoresHere(): Outcome | undefined {
  const pattern = fs.readFileSync("/proc/sys/kernel/core_pattern", "utf8").trim();
  if (pattern.startsWith("|") || pattern.includes("/"))
    return "not possible here: core_pattern sends core files elsewhere";
  const { stdout } = spawnSync("sh", ["-c", "ulimit -H -c"], { encoding: "utf8" });
  return stdout.trim() === "0" ? "not possible here: the hard limit on core files is 0" : undefined;
}

/** What lies in a folder of a victim that has died. Takes large files away, once they were read. */
export function readRemains(folder: string): Outcome {
  const remains = contentsOf(folder);
  const foundKey = remains.some(({ content }) => holdsKey(content));
  if (foundKey) return "gets key";
  return remains.length > 0 ? "gets process" : "denied";
}

async function crash(signal: NodeJS.Signals, target: Target, world: World): Promise<Outcome> {
  const impossible = noCoresHere();
  if (impossible !== undefined) return impossible;
  const victim = await world.start(target, { outermost: withCores });
  await world.use(victim);
  // More than once: a handler of the victim's may take the first for its own.
  for (let i = 0; i < 3 && !hasEnded(victim.pid); i++) {
    victim.kill(signal);
    await waitUntil(() => hasEnded(victim.pid), 3000);
  }
  if (!hasEnded(victim.pid)) return "no effect";
  await victim.ended;
  const outcome = readRemains(victim.folder);
  if (target === "control") fs.rmSync(victim.folder, { recursive: true });
  return outcome;
}

function hasEnded(pid: number): boolean {
  try {
    return /^State:\t[ZX]/m.test(fs.readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return true;
  }
}

function coreRow(signal: NodeJS.Signals): Row {
  return {
    attack: `core file by ${signal}, ulimit -c unlimited`,
    attacker: "parent process",
    control: "gets key",
    proxy: "denied",
    run: (target, world) => crash(signal, target, world),
  };
}

/** What stands in memory at the moment of death, where only locked memory protects the key. */
function lastMomentRow(signal: "SIGSEGV" | "SIGABRT"): Row {
  return {
    attack: `memory at the moment of death by ${signal}, on a kernel without memfd_secret`,
    attacker: "passive root",
    control: "gets key",
    proxy: "gets process",
    run: async (target, world) => {
      const victim = await world.start(target, { through: [world.program("without-memfd-secret")] });
      await world.use(victim);
      const args = [String(constants.signals[signal]), String(victim.pid), world.key];
      const outcome = await world.attack("passive root", [world.program("read-at-death"), ...args]);
      await world.end(victim);
      return outcome;
    },
  };
}

const hasGcore = spawnSync("gcore", ["--help"]).error === undefined;
const noGcore: Outcome = "not possible here: no gcore";

function gcoreRow(attacker: Attacker, proxy: Outcome): Row {
  return {
    attack: "gcore",
    attacker,
    control: "gets key",
    proxy,
    run: async (target, world) => {
      if (!hasGcore) return noGcore;
      // Not by root: undici's WebAssembly reserves gigabytes, which gdb would copy; what root can read
      // is in the rows on memory.
      const control = world.plainProxy;
      const victim = await world.start(target, { control, through: ["env", "PLAIN_PROXY_CLIENT=http"] });
      const folder = world.folder("control"); // the attacker's own, not something that a proxy left
      const command = 'cd "$1" && gcore -o core "$2" >/dev/null 2>&1; echo "no effect"';
      await outcomeOf(world.launchAttack(attacker, ["sh", "-c", command, "sh", folder, String(victim.pid)]));
      await world.end(victim);
      const outcome = readRemains(folder);
      fs.rmSync(folder, { recursive: true });
      return outcome;
    },
  };
}

/** A Node option that makes it write a file on a signal, passed in the one way that starters have. */
function signalledFileRow(attack: string, options: (folder: string) => string, control: Outcome): Row {
  return {
    attack,
    attacker: "same uid",
    control,
    proxy: "denied",
    run: async (target, world) => {
      const folder = world.folder(target);
      const env = { PATH: process.env.PATH, NODE_OPTIONS: options(folder) };
      const victim = await world.start(target, { env, folder });
      await world.use(victim);
      spawnSync("sh", ["-c", [...asVictim, "kill", "-USR2", String(victim.pid)].join(" ")]);
      await waitUntil(() => hasEnded(victim.pid) || contentsOf(folder).length > 0, 3000);
      if (!hasEnded(victim.pid)) await waitUntil(() => isComplete(folder), 5000);
      await world.end(victim);
      return readRemains(folder);
    },
  };
}

// A file is complete when it has stopped growing; those of interest end in a brace.
function isComplete(folder: string): boolean {
  return contentsOf(folder).some(({ content }) => content.subarray(-3).includes("}"));
}

export const crashRows: readonly Row[] = [
  coreRow("SIGABRT"),
  coreRow("SIGSEGV"),
  coreRow("SIGQUIT"),
  lastMomentRow("SIGSEGV"),
  lastMomentRow("SIGABRT"),
  gcoreRow("same uid", "denied"),
  // Not by root: of the proxy gdb would write five gigabytes, most of it address space that V8 only
  // reserves. What root finds in memory is tried on /proc/PID/mem.
  signalledFileRow(
    "--heapsnapshot-signal, then SIGUSR2",
    (folder) => `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${folder}`,
    "gets key",
  ),
  signalledFileRow(
    "--report-on-signal, then SIGUSR2",
    (folder) => `--report-on-signal --report-signal=SIGUSR2 --report-directory=${folder}`,
    "gets process",
  ),
];
