// The main job, shown from end to end on this machine alone: a throwaway key, the real proxy through
// its launcher, an upstream that speaks TLS, and a client who gets the model but not the key.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeAuthority } from "../test/mock/certificate.ts";
import { startMockUpstream } from "../test/mock/upstream.ts";

const launcher = fileURLToPath(new URL("../../native/build/codex-responses-api-proxy", import.meta.url));
const isRoot = process.geteuid?.() === 0;
const nobody = { uid: 65534, gid: 65534 };

function say(text = ""): void {
  process.stdout.write(`${text}\n`);
}

/** Starts the proxy with the key on its stdin and waits for the line that says that it listens. */
async function startProxy(key: string, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(launcher, args, { stdio: ["pipe", "inherit", "pipe"] });
  child.stdin.end(`${key}\n`);
  await new Promise<void>((resolve, reject) => {
    child.stderr.on("data", (chunk) => {
      process.stdout.write(`  ${chunk}`);
      if (String(chunk).includes("listening")) resolve();
    });
    child.once("exit", (code) => reject(new Error(`the proxy exited with ${code}`)));
  });
  return child;
}

/** A Node that `nobody` may run: this one, or a copy where it lies in somebody's home. */
function nodeForClient(folder: string): string {
  if (!isRoot || spawnSync(process.execPath, ["--version"], { ...nobody, cwd: "/" }).status === 0)
    return process.execPath;
  const copy = join(folder, "node");
  fs.copyFileSync(process.execPath, copy);
  fs.chmodSync(copy, 0o755);
  return copy;
}

async function runClient(folder: string, serverInfo: string): Promise<Record<string, unknown>[]> {
  const script = join(folder, "client.mjs");
  fs.copyFileSync(fileURLToPath(new URL("client.js", import.meta.url)), script);
  fs.chmodSync(script, 0o644);
  const client = spawn(nodeForClient(folder), [script, serverInfo], {
    stdio: ["ignore", "pipe", "inherit"],
    cwd: "/",
    env: {},
    ...(isRoot ? nobody : {}),
  });
  let output = "";
  client.stdout.on("data", (chunk) => {
    output += chunk;
  });
  const [code] = await once(client, "close");
  if (code !== 0) throw new Error(`the client exited with ${code}`);
  return output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

let proxy: ChildProcess | undefined;

async function demo(folder: string): Promise<void> {
  fs.chmodSync(folder, 0o755);
  const key = `sk-demo-${randomBytes(16).toString("hex")}`;
  const authority = makeAuthority();
  const caFile = join(folder, "ca.pem");
  fs.writeFileSync(caFile, authority.cert);
  const upstream = await startMockUpstream({
    tls: authority.issue(["127.0.0.1"]),
    expectedKey: key, // any other key gets 401
    mode: "stream",
    eventCount: 10,
    eventGapMs: 150,
  });
  const serverInfo = join(folder, "server-info.json");

  say("1. A privileged user starts the proxy, with a throwaway key on stdin:");
  proxy = await startProxy(key, [
    ...["--http-shutdown", "--server-info", serverInfo],
    ...["--upstream-url", upstream.url, "--upstream-ca", caFile],
  ]);
  say(`  ${serverInfo}: ${fs.readFileSync(serverInfo, "utf8").trim()}`);

  say();
  say(
    `2. ${isRoot ? "An unprivileged user (nobody)" : "This user (run the demo as root to see another)"} streams a reply through it:`,
  );
  const records = await runClient(folder, serverInfo);
  const events = records.filter((record) => "event" in record) as { event: string; at: number }[];
  const delays = events.map(({ at }, index) => at - (upstream.sentAt[index] as number));
  events.forEach(({ event, at }, index) => {
    const sinceFirst = (at - (events[0]?.at as number)).toFixed(0).padStart(5);
    say(
      `  ${sinceFirst} ms  ${event.padEnd(10)} ${delays[index]?.toFixed(2)} ms after the upstream wrote it`,
    );
  });
  const status = records.find((record) => "status" in record)?.status;
  say(`  status ${status}, ${events.length} events, median delay ${median(delays).toFixed(2)} ms`);
  if (status !== 200 || events.length !== 10) throw new Error("the stream did not arrive whole");
  say("  the upstream took the key, so it was in the request; the client never had it");

  say();
  say("3. What that user cannot do:");
  for (const { attempt, outcome } of records.filter((record) => "attempt" in record))
    say(`  ${attempt}: ${outcome}`);

  say();
  say("4. What protects the key (codex-responses-api-proxy --check):");
  const check = spawnSync(launcher, ["--check"], { encoding: "utf8" });
  for (const line of check.stdout.trim().split("\n")) say(`  ${line}`);

  say();
  say("5. GET /shutdown ends it:");
  const { port } = JSON.parse(fs.readFileSync(serverInfo, "utf8")) as { port: number };
  const ended = once(proxy, "close");
  const answer = await fetch(`http://127.0.0.1:${port}/shutdown`);
  const [code] = await ended;
  say(
    `  status ${answer.status}, exit code ${code}, server info ${fs.existsSync(serverInfo) ? "still there" : "removed"}`,
  );
  await upstream.close();
  if (code !== 0) throw new Error(`the proxy exited with ${code}`);
}

const folder = fs.mkdtempSync(join(tmpdir(), "codex-demo-"));
try {
  await demo(folder);
} catch (error) {
  process.stderr.write(`codex: error: the demo failed: ${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  proxy?.kill("SIGKILL"); // has ended, unless the demo failed
  fs.rmSync(folder, { recursive: true, force: true });
}
