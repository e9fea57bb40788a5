// Every process of the benchmark: started on a core of its own, found again with its children, ended
// by its id, also when the benchmark itself is broken off.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";

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

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  /** what its stdin holds; without it, stdin is empty */
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
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
export function startOn(core: number, { command, args, input, env }: Command): StartedProcess {
  const startedAtNs = process.hrtime.bigint();
  const child = spawn("taskset", ["--cpu-list", `${core}`, command, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    env: env ?? process.env,
  });
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
