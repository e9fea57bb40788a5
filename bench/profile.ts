// Shows where the proxy's time goes under one of the loads of the benchmark.
//
//   npm run bench:profile -- [--load streams|requests] [--tls] [--seconds N] [--priority]
//     [--by javascript]   V8's sampling: time of each function itself, and a .cpuprofile to open elsewhere
//     [--by perf]         kernel, Node and JavaScript together; needs perf and the right to use it
//     [--by strace]       system calls, counted
//
// The proxy runs as it is but for three things that would get in the way: no launcher (it denies files
// and takes no Node flags), no lock, no resource limits.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { packageRoot } from "../test/proxy-process.ts";
import { type CpuProfile, selfTimes } from "./cpu-profile.ts";
import { bodyBytes, nsPerUs } from "./measures/measure.ts";
import {
  leaveProxyCore,
  loadCore,
  proxyCore,
  type StartedProcess,
  startOn,
  takePriority,
} from "./processes.ts";
import { openWorld, type World } from "./world.ts";

/** Functions that do nothing here and say that all went well, by their files. */
const withoutEffect: Readonly<Record<string, readonly [name: string, body: string]>> = {
  "dist/hardening/lock.js": ["lockProcess", "return true;"],
  "dist/hardening/resource-limits.js": ["loadResourceLimits", "return () => true;"],
};

function disarm(file: string, [name, body]: readonly [string, string]): void {
  const source = fs.readFileSync(file, "utf8");
  const disarmed = source.replace(new RegExp(`(export function ${name}\\([^)]*\\) \\{)`), `$1 ${body}`);
  if (disarmed === source) throw new Error(`${file} has no function ${name}`);
  fs.writeFileSync(file, disarmed);
}

const nodeFlags: Readonly<Record<string, (folder: string) => readonly string[]>> = {
  javascript: (folder) => ["--cpu-prof", "--cpu-prof-interval=200", `--cpu-prof-dir=${folder}`],
  perf: () => ["--perf-basic-prof", "--interpreted-frames-native-stack"],
  strace: () => [],
};

interface Profiled {
  readonly port: number;
  readonly process: StartedProcess;
}

async function startUnlocked(
  world: World,
  folder: string,
  overTls: boolean,
  flags: readonly string[],
): Promise<Profiled> {
  const copy = join(world.folder, "unlocked");
  for (const part of ["package.json", "dist", "native/build"]) {
    fs.cpSync(join(packageRoot, part), join(copy, part), { recursive: true });
  }
  fs.symlinkSync(join(packageRoot, "node_modules"), join(copy, "node_modules"));
  for (const [file, name] of Object.entries(withoutEffect)) disarm(join(copy, file), name);

  // The socket that the launcher would have opened.
  const socket = net.createServer().listen(0, "127.0.0.1", 4096);
  await once(socket, "listening");
  const { port } = socket.address() as AddressInfo;
  const { rig, caFile, key } = world;
  const started = startOn(proxyCore, {
    command: process.execPath,
    args: [
      ...flags,
      ...["--require", join(copy, "native/build/hardening.node"), join(copy, "dist/proxy/main.js")],
      ...["--listen-fd=3", "--require-hardening=none", "--allow-root"],
      ...(overTls
        ? [`--upstream-url=https://localhost:${rig.tlsPort}/v1/responses`, `--upstream-ca=${caFile}`]
        : [`--upstream-url=http://127.0.0.1:${rig.plainPort}/v1/responses`]),
    ],
    input: `${key}\n`,
    env: { PATH: process.env.PATH, TMPDIR: folder },
    cwd: folder,
    fd3: (socket as unknown as { readonly _handle: { readonly fd: number } })._handle.fd,
  });
  socket.close();
  try {
    await rig.run("start", { port });
  } catch (error) {
    throw new Error(`the proxy did not start: ${(error as Error).message}\n${started.output()}`);
  }
  return { port, process: started };
}

// V8 samples from a thread of its own. On the same core it would get its turn mostly while the main
// thread sleeps, and see next to nothing of what that does.
function moveSampler(pid: number): void {
  for (const task of fs.readdirSync(`/proc/${pid}/task`)) {
    const name = fs.readFileSync(`/proc/${pid}/task/${task}/comm`, "utf8").trim();
    if (name === "v8:ProfEvntProc") spawnSync("taskset", ["--cpu-list", "--pid", `${loadCore}`, task]);
  }
}

interface Load {
  /** events or requests */
  readonly count: number;
  readonly unit: string;
  readonly cpuNs: number;
  /** CLOCK_MONOTONIC */
  readonly fromUs: number;
  readonly toUs: number;
}

const monotonicUs = () => Number(process.hrtime.bigint() / 1000n);

async function putUnderLoad(
  { rig }: World,
  { port, process: { pid } }: Profiled,
  load: string,
  seconds: number,
): Promise<Load> {
  const target = { port, "body-bytes": bodyBytes, pids: `${pid}` };
  const fromUs = monotonicUs();
  // As long as it takes: what is watched from outside, or sampled, is not the quietest.
  const common = { ...target, ms: seconds * 1000, noisy: 1 };
  const { count, cpu } =
    load === "requests"
      ? await rig.run("rate", { ...common, connections: 32 })
      : await rig.run("streams", { ...common, streams: 200, "gap-us": 20_000 });
  return { count, unit: load === "requests" ? "request" : "event", cpuNs: cpu, fromUs, toUs: monotonicUs() };
}

function printSelfTimes(folder: string, { count, unit, fromUs, toUs }: Load): void {
  const file = fs.readdirSync(folder).find((name) => name.endsWith(".cpuprofile"));
  if (file === undefined) throw new Error("Node has written no profile");
  const times = selfTimes(
    JSON.parse(fs.readFileSync(join(folder, file), "utf8")) as CpuProfile,
    fromUs,
    toUs,
  );
  const total = times.reduce((sum, { us }) => sum + us, 0);
  process.stdout.write(`\n  share  µs per ${unit}\n`);
  for (const { name, us } of times.slice(0, 45)) {
    const share = `${((us / total) * 100).toFixed(1)} %`;
    process.stdout.write(`${share.padStart(7)}  ${(us / count).toFixed(2).padStart(8)}  ${name}\n`);
  }
}

/** A tool that watches the process from outside while it is under load. */
function watch(by: string, pid: number, folder: string, seconds: number) {
  const [command, ...args] =
    by === "perf"
      ? ["perf", "record", "-q", "-F", "1999", "-g", "-p", `${pid}`, "-o", join(folder, "perf.data")]
      : ["strace", "-f", "-c", "-S", "calls", "-o", join(folder, "strace.txt"), "-p", `${pid}`];
  const child = spawn("taskset", ["--cpu-list", `${loadCore}`, command as string, ...args], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const timer = setTimeout(() => child.kill("SIGINT"), seconds * 1000);
  return once(child, "exit").then(() => clearTimeout(timer));
}

function printWatched(by: string, folder: string, pid: number): void {
  if (by === "strace") {
    process.stdout.write(fs.readFileSync(join(folder, "strace.txt"), "utf8"));
    return;
  }
  const report = ["report", "--stdio", "--no-children", "-g", "none", "--percent-limit", "0.4"];
  const { stdout } = spawnSync("perf", [...report, "-i", join(folder, "perf.data")], { encoding: "utf8" });
  const lines = stdout.split("\n").filter((line) => /^\s*\d/.test(line));
  process.stdout.write(lines.map((line) => `${line.trimEnd().slice(0, 140)}\n`).join(""));
  fs.rmSync(`/tmp/perf-${pid}.map`, { force: true });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      load: { type: "string", default: "streams" },
      by: { type: "string", default: "javascript" },
      tls: { type: "boolean", default: false },
      seconds: { type: "string", default: "8" },
      priority: { type: "boolean", default: false },
    },
  });
  const flags = nodeFlags[values.by];
  if (flags === undefined) throw new Error("--by wants javascript, perf or strace");
  if (values.load !== "streams" && values.load !== "requests")
    throw new Error("--load wants streams or requests");
  const seconds = Number(values.seconds);

  leaveProxyCore();
  if (values.priority) takePriority();
  const world = await openWorld();
  const folder = fs.mkdtempSync(join(tmpdir(), "codex-profile-"));
  const proxy = await startUnlocked(world, folder, values.tls, flags(folder));
  await putUnderLoad(world, proxy, values.load, 1);
  moveSampler(proxy.process.pid);

  const isWatched = values.by !== "javascript";
  const watching = isWatched ? watch(values.by, proxy.process.pid, folder, seconds) : sleep(0);
  const load = await putUnderLoad(world, proxy, values.load, seconds);
  await watching;
  await proxy.process.stop();
  if (isWatched) printWatched(values.by, folder, proxy.process.pid);
  else printSelfTimes(folder, load);
  const { count, unit, cpuNs } = load;
  process.stdout.write(
    `\n${count} ${unit}s, ${(cpuNs / count / nsPerUs).toFixed(1)} µs of CPU time each\n${folder}\n`,
  );
}

try {
  await main();
  process.exit(0);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}
