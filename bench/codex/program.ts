// The programs that are compared, and one run of `codex exec` of one of them against a scripted upstream,
// with what it cost: wall time, CPU time of it and all its children, memory.

import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Script,
  type ScriptedRequest,
  startScriptedUpstream,
} from "../../test/mock/scripted-upstream.ts";

export interface Program {
  readonly name: string;
  readonly command: readonly string[];
}

export interface ExecRun {
  /** behind `exec --json -c …` */
  readonly args: readonly string[];
  readonly script: Script;
  readonly home: string;
  readonly cwd: string;
}

export interface ExecCost {
  /** from the spawn until the whole first request had arrived */
  readonly firstRequestMs: number;
  /** from the spawn to the exit */
  readonly wallMs: number;
  /** of the program and whatever it started and waited for; to 10 ms */
  readonly cpuMs: number;
  readonly stdout: string;
}

/** Told of each request, with the processes of the program as they are at that moment. */
export type OnRequest = (request: ScriptedRequest, index: number, pid: number) => void;

/**
 * Run it to its end. No other child of this process may end meanwhile.
 *
 * @throws {Error} where it does not exit with 0
 */
export async function runExec(
  { name, command: [file, ...first] }: Program,
  { args, script, home, cwd }: ExecRun,
  onRequest: OnRequest = () => {},
): Promise<ExecCost> {
  let firstRequestMs = Number.NaN;
  let begin = 0;
  let pid = 0;
  const upstream = await startScriptedUpstream((request, index, earlier) => {
    if (index === 0) firstRequestMs = performance.now() - begin;
    onRequest(request, index, pid);
    return script(request, index, earlier);
  });
  try {
    const provider = `{name="mock",base_url="${upstream.baseUrl}",wire_api="responses"}`;
    const settings = ["-c", `model_providers.mock=${provider}`, "-c", "model_provider=mock"];
    const cpuBefore = childCpuMs();
    begin = performance.now();
    const child = spawn(
      file as string,
      [...first, "exec", "--json", "--skip-git-repo-check", ...settings, ...args],
      {
        cwd,
        env: { PATH: process.env.PATH, HOME: home, CODEX_HOME: home, TMPDIR: tmpdir(), TERM: "xterm" },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    pid = child.pid as number;
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    const [code] = await once(child, "close");
    const wallMs = performance.now() - begin;
    if (code !== 0) throw new Error(`${name} exec ended with ${code}: ${stderr}${stdout}`);
    return { firstRequestMs, wallMs, cpuMs: childCpuMs() - cpuBefore, stdout };
  } finally {
    await upstream.close();
  }
}

/** A home and a folder to work in, gone when the work is done. */
export async function inFolders<Result>(
  work: (place: { readonly home: string; readonly cwd: string }) => Promise<Result>,
): Promise<Result> {
  const root = fs.realpathSync(fs.mkdtempSync(join("/var/tmp", "codex-bench-")));
  const place = { home: join(root, "home"), cwd: join(root, "work") };
  for (const folder of Object.values(place)) fs.mkdirSync(folder);
  try {
    return await work(place);
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
}

const ticksPerSecond = 100; // USER_HZ, the same on every Linux

/** CPU time of all children that have been waited for. */
function childCpuMs(): number {
  const stat = fs.readFileSync("/proc/self/stat", "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[13]) + Number(fields[14])) * 1000) / ticksPerSecond;
}

/** Resident memory of a process and everything below it, MiB. */
export function residentMiB(pid: number): number {
  const own = /^VmRSS:\s+(\d+) kB/m.exec(readProc(`/proc/${pid}/status`))?.[1] ?? "0";
  const children = readProc(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean);
  return Number(own) / 1024 + children.reduce((sum, child) => sum + residentMiB(Number(child)), 0);
}

function readProc(path: string): string {
  try {
    return fs.readFileSync(path, "latin1");
  } catch {
    return ""; // it has ended meanwhile
  }
}
