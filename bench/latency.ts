// What the proxy adds, measured side by side in one run: delay per event against going direct, start
// to listening, memory at rest. Prints a table; decides nothing.
//
//   npm run bench            rounds alternate between direct and proxied, plain and TLS upstream
//   npm run bench -- ROUNDS  default 5

import { spawn } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeAuthority } from "../test/mock/certificate.ts";
import { type MockUpstream, startMockUpstream } from "../test/mock/upstream.ts";
import { launcher, type RunningProxy, startProxy, testKey } from "../test/proxy-process.ts";

const rounds = Number(process.argv[2] ?? 5);
const eventCount = 40;
const eventGapMs = 20;

interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

function print(name: string, { p50, p99, max }: Spread, unit: string): void {
  const cell = (value: number) => value.toFixed(2).padStart(9);
  process.stdout.write(`${name.padEnd(44)}${cell(p50)}${cell(p99)}${cell(max)}  ${unit}\n`);
}

/** Stream once; for each event the time between its writing upstream and its arrival here. */
function streamOnce(url: string, ca: string | undefined, upstream: MockUpstream): Promise<number[]> {
  upstream.sentAt.length = 0;
  const arrivals: number[] = [];
  return new Promise((resolve, reject) => {
    const options = {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${testKey}` },
      ca,
    };
    const request = (url.startsWith("https") ? https : http).request(url, options, (response) => {
      response.setEncoding("latin1");
      response.on("data", (text: string) => {
        const now = performance.timeOrigin + performance.now();
        for (const _ of text.matchAll(/event: response\.output_text\.delta/g)) arrivals.push(now);
      });
      response.on("end", () => resolve(arrivals.map((at, index) => at - (upstream.sentAt[index] as number))));
      response.on("error", reject);
    });
    request.on("error", reject).end('{"stream":true}');
  });
}

// Upstream and client share one event loop, on both sides of the comparison alike; the difference is
// what the proxy adds.
async function measureDelay(): Promise<void> {
  const folder = fs.mkdtempSync(join(tmpdir(), "codex-bench-"));
  const caFile = join(folder, "ca.pem");
  const authority = makeAuthority();
  fs.writeFileSync(caFile, authority.cert);
  for (const kind of ["plain", "TLS"] as const) {
    const upstream = await startMockUpstream({
      ...(kind === "TLS" ? { tls: authority.issue(["127.0.0.1"]) } : {}),
      expectedKey: testKey,
      mode: "stream",
      eventCount,
      eventGapMs,
    });
    const trust = kind === "TLS" ? ["--upstream-ca", caFile] : [];
    const proxy = await startProxy({ args: ["--upstream-url", upstream.url, ...trust] });
    const direct: number[] = [];
    const proxied: number[] = [];
    await streamOnce(upstream.url, authority.cert, upstream);
    await streamOnce(`${proxy.baseUrl}/v1/responses`, undefined, upstream);
    for (let round = 0; round < rounds; round++) {
      direct.push(...(await streamOnce(upstream.url, authority.cert, upstream)));
      proxied.push(...(await streamOnce(`${proxy.baseUrl}/v1/responses`, undefined, upstream)));
    }
    const [d, p] = [spread(direct), spread(proxied)];
    print(`event delay, ${kind} upstream, direct`, d, "ms");
    print(`event delay, ${kind} upstream, through the proxy`, p, "ms");
    print(`  added`, { p50: p.p50 - d.p50, p99: p.p99 - d.p99, max: p.max - d.max }, "ms");
    await proxy.stop();
    await upstream.close();
  }
  fs.rmSync(folder, { recursive: true });
}

function residentMb(proxy: RunningProxy): number {
  const status = fs.readFileSync(`/proc/${proxy.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

async function timeToLine(command: string, args: readonly string[]): Promise<number> {
  const began = performance.now();
  const child = spawn(command, args, { stdio: ["pipe", "ignore", "pipe"] });
  child.stdin.end(`${testKey}\n`);
  const elapsed = await new Promise<number>((resolve) => {
    child.stderr.once("data", () => resolve(performance.now() - began));
  });
  child.kill("SIGKILL");
  return elapsed;
}

async function measureStart(): Promise<void> {
  const ours: number[] = [];
  const control: number[] = [];
  const resident: number[] = [];
  const stringProxy = fileURLToPath(new URL("../test/controls/string-proxy.js", import.meta.url));
  for (let round = 0; round < rounds; round++) {
    ours.push(await timeToLine(launcher, []));
    control.push(await timeToLine(process.execPath, [stringProxy, "https://127.0.0.1"]));
    const proxy = await startProxy({});
    await new Promise((resolve) => setTimeout(resolve, 1000));
    resident.push(residentMb(proxy));
    await proxy.stop();
  }
  print("start to listening", spread(ours), "ms");
  print("  a plain node:http and undici proxy", spread(control), "ms");
  print("resident memory one second after the start", spread(resident), "MiB");
}

process.stdout.write(
  `Node ${process.version}, ${rounds} rounds\n${"".padEnd(44)}      p50      p99      max\n`,
);
await measureDelay();
await measureStart();
