// The main job, shown from end to end on this machine alone: a throwaway key, the real proxy through its
// launcher, an upstream that speaks TLS and follows a script, and a user of no rights, who has the model
// repair a program with `codex exec` and never has the key.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { scanMemory } from "../test/memory-scan.ts";
import { makeAuthority } from "../test/mock/certificate.ts";
import { saysInPieces } from "../test/mock/scenarios.ts";
import { startScriptedUpstream } from "../test/mock/scripted-upstream.ts";
import { type KeySearch, watchForKey } from "./key-search.ts";
import { launcher, startProxy } from "./proxy.ts";
import { makeRepository, repairSession, testsPass } from "./repository.ts";
import { type Client, isRoot, openClient, proxyUser } from "./users.ts";

function say(text = ""): void {
  process.stdout.write(`${text}\n`);
}

function sayIndented(text: string): void {
  for (const line of text.trimEnd().split("\n")) say(`  ${line}`.trimEnd());
}

const eventCount = 10;
const gapMs = 100;
let proxy: ChildProcess | undefined;

async function demo(folder: string): Promise<void> {
  fs.chmodSync(folder, 0o755);
  const key = `sk-demo-${randomBytes(16).toString("hex")}`;
  const authority = makeAuthority();
  const caFile = join(folder, "ca.pem");
  fs.writeFileSync(caFile, authority.cert);
  const writtenAt: number[] = [];
  let search: KeySearch | undefined;
  const session = repairSession(() => search?.look());
  const stream = { ...saysInPieces(eventCount), gapMs, onWritten: (at: number) => writtenAt.push(at) };
  const upstream = await startScriptedUpstream(
    (...asked) => (asked[0].body.model === "demo" ? stream : session(...asked)),
    { tls: authority.issue(["127.0.0.1"]), expectedKey: key }, // any other key gets 401
  );
  const serverInfo = join(folder, "server-info.json");
  const client = openClient(folder);
  const who = isRoot ? "a user of no rights" : "this user (run the demo as root to see another)";

  say("1. A privileged user starts the proxy, with a throwaway key on stdin:");
  proxy = await startProxy(
    key,
    [
      ...["--http-shutdown", "--server-info", serverInfo],
      ...["--upstream-url", `${upstream.baseUrl}/responses`, "--upstream-ca", caFile],
      ...(isRoot ? ["--user", String(proxyUser)] : []),
    ],
    sayIndented,
  );
  sayIndented(`${serverInfo}: ${fs.readFileSync(serverInfo, "utf8")}`);

  say();
  say(`2. \`codex exec\` of ${who} repairs a project whose test fails:`);
  const home = join(folder, "home");
  const work = join(folder, "work");
  fs.mkdirSync(home, { mode: 0o700 });
  if (client.ids.uid !== undefined) fs.chownSync(home, client.ids.uid, client.ids.gid as number);
  makeRepository(work, client);
  if (testsPass(work, client)) throw new Error("the test passes before anything is repaired");
  const found = await runCodex({ folder, home, work, serverInfo, client }, (pid) => {
    search = watchForKey(key, pid);
    return search;
  });
  if (!testsPass(work, client)) throw new Error("the test still fails");
  say("  afterwards `node --test`, run without codex: passes");
  say();
  say("3. Where the key was meanwhile:");
  const own = scanMemory(process.pid, key).copies;
  if (own === 0) throw new Error("the search finds nothing where there is a key");
  say(`  in this demo, which made it: ${own} copies in memory, so the search finds what there is`);
  const names = [...new Set(found.processes)].sort().join(", ");
  say(
    `  in codex and what it started: ${found.copies} (${found.processes.length} processes: ${names}; ` +
      `${Math.round(found.scannedBytes / 2 ** 20)} MiB of memory, environments, arguments, ${found.files} files)`,
  );
  if (found.closed > 0)
    say(`  memory that is closed to this user, too: that of ${found.closed} processes (root sees it)`);
  say("  in the requests that arrived upstream: in each, or the upstream would have answered 401");
  if (found.copies > 0) throw new Error("the key has reached the client");

  say();
  say("4. A reply streams through it, to a client of a few lines:");
  const records = await runClient(client, folder, serverInfo);
  const arrivedAt = records.flatMap(({ event, at }) => (event === undefined ? [] : [at as number]));
  // The upstream writes two events before the first piece of text and two behind the last one.
  const delays = arrivedAt.map((at, index) => at - (writtenAt[index + 2] as number));
  const status = records.find((record) => "status" in record)?.status;
  say(
    `  status ${status}, ${arrivedAt.length} events ${gapMs} ms apart, median delay ${median(delays).toFixed(2)} ms`,
  );
  if (status !== 200 || arrivedAt.length !== eventCount) throw new Error("the stream did not arrive whole");

  say();
  say("5. What that user cannot do:");
  for (const { attempt, outcome } of records.filter((record) => "attempt" in record))
    say(`  ${attempt}: ${outcome}`);

  say();
  say("6. What protects the key (codex-responses-api-proxy --check):");
  sayIndented(spawnSync(launcher, ["--check"], { encoding: "utf8" }).stdout);

  say();
  say("7. GET /shutdown ends it:");
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

interface Scene {
  readonly folder: string;
  readonly home: string;
  readonly work: string;
  readonly serverInfo: string;
  readonly client: Client;
}

async function runCodex(
  { folder, home, work, serverInfo, client }: Scene,
  watch: (pid: number) => KeySearch,
): Promise<ReturnType<KeySearch["finish"]>> {
  const args = ["exec", "--proxy", serverInfo, "--sandbox", "workspace-write", "fix the failing test"];
  say(`  $ codex ${args.map((word) => (word.includes(" ") ? `"${word}"` : word)).join(" ")}`);
  const child = spawn(launcher, args, {
    ...client.ids,
    argv0: "codex",
    cwd: work,
    env: { PATH: `${dirname(client.node)}:/usr/bin:/bin`, HOME: home, CODEX_HOME: home, TMPDIR: folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const search = watch(child.pid as number);
  let output = "";
  child.stdout.on("data", () => {}); // the last message, which is among what is said on stderr
  child.stderr.on("data", (chunk) => {
    output += chunk;
  });
  const [code] = await once(child, "close");
  sayIndented(output);
  if (code !== 0) throw new Error(`codex exec exited with ${code}`);
  return search.finish([home, work]);
}

async function runClient(
  { ids, node }: Client,
  folder: string,
  serverInfo: string,
): Promise<Record<string, unknown>[]> {
  const script = join(folder, "client.mjs");
  fs.copyFileSync(fileURLToPath(new URL("client.js", import.meta.url)), script);
  fs.chmodSync(script, 0o644);
  const client = spawn(node, [script, serverInfo], {
    ...ids,
    stdio: ["ignore", "pipe", "inherit"],
    cwd: "/",
    env: {},
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
process.exit(); // an upstream or a client of a demo that failed may still be there
