// Every process of the benchmark: started on a core of its own, found again with its children, ended
// by its id, also when the benchmark itself is broken off.

import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";

/** The cores that this process may use, from /proc/self/status: "0-1,4" is 0, 1 and 4. */
export function parseCores(list: string): number[] {
  return list.split(",").flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

function allowedCores(): number[] {
  const status = fs.readFileSync("/proc/self/status", "utf8");
  return parseCores(/Cpus_allowed_list:\s*(\S+)/.exec(status)?.[1] ?? "0");
}

const cores = allowedCores();

/** The proxies' core, and the one for everything else. The same where there is only one. */
export const proxyCore = cores[0] as number;
export const loadCore = cores.at(-1) as number;

/** Put this process, and what it starts from now on, on the load's core. */
export function leaveProxyCore(): void {
  const { status } = spawnSync("taskset", [
    "--all-tasks",
    "--cpu-list",
    "--pid",
    `${loadCore}`,
    `${process.pid}`,
  ]);
  if (status !== 0) throw new Error("taskset is missing (Debian: apt-get install util-linux)");
}

// sched(7): where it exists, the kernel shares time among sessions first and among a session's processes
// second, so that a nice value alone has no effect on other sessions.
const sessionPriority = "/proc/self/autogroup";

/**
 * Let this process, its session, and what it starts from now on, go before everything else on the machine.
 *
 * @throws {Error} EACCES for anyone but root
 */
export function takePriority(): void {
  const { PRIORITY_HIGHEST } = os.constants.priority;
  os.setPriority(PRIORITY_HIGHEST);
  const before = /nice (-?\d+)/.exec(read(sessionPriority))?.[1];
  if (before === undefined) return;
  fs.writeFileSync(sessionPriority, `${PRIORITY_HIGHEST}`);
  process.on("exit", () => fs.writeFileSync(sessionPriority, before));
}

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  /** what its stdin holds; without it, stdin is empty */
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** the working folder; Node leaves logs there under some of its flags */
  readonly cwd?: string;
  /** a descriptor to pass on as number 3 */
  readonly fd3?: number;
}

export interface StartedProcess {
  readonly pid: number;
  /** CLOCK_MONOTONIC just before the start, as the load program reads it */
  readonly startedAtNs: bigint;
  /** the last of what it wrote, for when it fails */
  output(): string;
  hasEnded(): boolean;
  stop(): Promise<void>;
}

const started = new Set<ChildProcess>();

/** Start a command on a core. */
export function startOn(core: number, { command, args, input, env, cwd, fd3 }: Command): StartedProcess {
  const startedAtNs = process.hrtime.bigint();
  const child = spawn("taskset", ["--cpu-list", `${core}`, command, ...args], {
    stdio: ["pipe", "pipe", "pipe", ...(fd3 === undefined ? [] : [fd3])],
    env: env ?? process.env,
    cwd,
  }) as ChildProcessWithoutNullStreams;
  started.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text) => {
      output = (output + text).slice(-2000);
    });
  }
  child.once("error", (error) => {
    output += error.message;
  });
  child.stdin.on("error", () => {}); // it may end before it has read everything
  child.stdin.end(input ?? "");
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  return {
    pid: child.pid ?? -1,
    startedAtNs,
    output: () => output.trim(),
    hasEnded,
    stop: async () => {
      if (!hasEnded()) {
        const family = familyOf(child.pid as number);
        const ended = once(child, "exit");
        child.kill("SIGTERM");
        const timer = setTimeout(() => endAll(family), 2000);
        await ended;
        clearTimeout(timer);
        endAll(family.slice(1)); // workers that outlive their master
      }
      started.delete(child);
    },
  };
}

/** A process and all its descendants, itself first. */
export function familyOf(pid: number): number[] {
  const family = [pid];
  for (const member of family) {
    for (const task of list(`/proc/${member}/task`)) {
      const children = read(`/proc/${member}/task/${task}/children`).split(" ").filter(Boolean);
      family.push(...children.map(Number));
    }
  }
  return family;
}

function endAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // it has ended by itself
    }
  }
}

function list(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return []; // it has just ended
  }
}

function read(path: string): string {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Resident memory of all processes of a family, bytes. Pages that they share count once for each. */
export function residentBytes(pid: number): number {
  let kib = 0;
  for (const member of familyOf(pid)) {
    kib += Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${member}/status`))?.[1] ?? 0);
  }
  return kib * 1024;
}

/** Call `clean` and end everything when the benchmark ends, however it does. */
export function endWithEverything(clean: () => void): void {
  process.on("exit", () => {
    for (const child of started) if (child.pid !== undefined) endAll(familyOf(child.pid));
    clean();
  });
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const) {
    process.on(signal, () => process.exit(code));
  }
}
