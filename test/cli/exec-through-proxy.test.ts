// The whole way: launcher, proxy, and `codex exec --proxy` of a user of no rights. The model answers and
// the key is nowhere on that user's side.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { scanMemory } from "../memory-scan.ts";
import { refuses } from "../mock/scenarios.ts";
import { startScriptedUpstream } from "../mock/scripted-upstream.ts";
import { type MockUpstream, startMockUpstream } from "../mock/upstream.ts";
import {
  asOtherUser,
  quietUser,
  type RunningProxy,
  skipWithoutOtherUser,
  startProxy,
  testKey,
} from "../proxy-process.ts";
import { waitFor } from "../wait-for.ts";
import { launcher, makeFolder } from "./codex-process.ts";

describe("codex exec --proxy, as another user", { skip: skipWithoutOtherUser }, () => {
  let folder: string;
  let home: string;
  let codex: string;
  let upstream: MockUpstream;
  let proxy: RunningProxy;
  let serverInfo: string;

  const startWith = (...args: string[]) =>
    startProxy({
      args: ["--upstream-url", upstream.url, "--server-info", serverInfo, ...quietUser, ...args],
    });

  before(async () => {
    folder = makeFolder();
    home = join(folder, "home");
    codex = join(folder, "codex");
    serverInfo = join(folder, "info.json");
    fs.mkdirSync(home);
    fs.chownSync(home, 60_001, 60_001);
    fs.symlinkSync(launcher, codex);
    // Whoever looked at it would fail: no login is wanted here.
    fs.writeFileSync(join(home, "auth.json"), "not JSON", { mode: 0o644 });
    upstream = await startMockUpstream({
      expectedKey: testKey,
      mode: "stream",
      eventCount: 3,
      eventGapMs: 1,
    });
    proxy = await startWith();
  });
  after(async () => {
    await proxy.stop();
    await upstream.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  function start(args: readonly string[], environment: Record<string, string> = {}) {
    const [file, ...rest] = [...asOtherUser, codex, "exec", "--skip-git-repo-check", ...args];
    const env = { PATH: "/usr/bin:/bin", HOME: home, CODEX_HOME: home, ...environment };
    const child = spawn(file as string, rest, { cwd: home, env, stdio: ["ignore", "pipe", "pipe"] });
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (text) => {
      output.stdout += text;
    });
    child.stderr.on("data", (text) => {
      output.stderr += text;
    });
    const ended = once(child, "close").then(([code]) => ({ code: code as number | null, ...output }));
    return { pid: child.pid as number, ended };
  }

  test("prints the answer; neither a login nor a key of the environment is used", async () => {
    const environment = { OPENAI_API_KEY: "sk-own", CODEX_API_KEY: "sk-own", CODEX_PROXY: "/nonexistent" };
    const { code, stdout, stderr } = await start(["--proxy", serverInfo, "hi"], environment).ended;
    assert.deepEqual([code, stdout], [0, "piece 0 piece 1 piece 2 \n"], stderr);
    assert.equal(upstream.requests.at(-1)?.headers.authorization, `Bearer ${testKey}`);
    assert.doesNotMatch(JSON.stringify(upstream.requests), /sk-own/);
  });

  test("has the key neither in memory nor in its environment or files, as a client with a key has", async () => {
    async function copiesOfKey(
      args: readonly string[],
      environment: Record<string, string>,
    ): Promise<number> {
      const before = upstream.requests.length;
      upstream.mode = "stream";
      upstream.eventGapMs = 1000; // time to look at it while the answer is coming
      const run = start(args, environment);
      upstream.sentAt.length = 0;
      await waitFor(
        () => upstream.requests.length > before && upstream.sentAt.length > 0,
        "the answer to begin",
        20_000,
      );
      const { copies, scannedBytes } = scanMemory(run.pid, testKey);
      assert.ok(scannedBytes > 10_000_000, "the whole process is looked at");
      const environ = fs.readFileSync(`/proc/${run.pid}/environ`, "utf8");
      upstream.eventGapMs = 1;
      assert.equal((await run.ended).code, 0);
      return copies + (environ.includes(testKey) ? 1 : 0);
    }
    const table = `{name="direct",base_url="${upstream.url.replace(/\/responses$/, "")}",env_key="DIRECT_KEY"}`;
    const direct = ["-c", `model_providers.direct=${table}`, "-c", "model_provider=direct", "hi"];
    assert.ok((await copiesOfKey(direct, { DIRECT_KEY: testKey })) > 0, "the control has it");
    assert.equal(await copiesOfKey(["--proxy", serverInfo, "hi"], {}), 0);
    for (const name of fs.readdirSync(home, { recursive: true }) as string[]) {
      const file = join(home, name);
      if (fs.statSync(file).isFile()) assert.doesNotMatch(fs.readFileSync(file, "utf8"), new RegExp(testKey));
    }
  });

  test("shows the reason of a refusal by the proxy, with what helps", async () => {
    const closed = join(folder, "closed.json");
    const other = await startProxy({
      args: ["--upstream-url", upstream.url, "--server-info", closed, ...quietUser, "--allow-user", "root"],
    });
    const { code, stderr } = await start(["--proxy", closed, "hi"]).ended;
    await other.stop();
    assert.equal(code, 1);
    assert.match(
      stderr,
      /\nERROR: unexpected status 403 Forbidden: this user may not use the proxy.*60001.*\nhint: .*--allow-user/,
    );
  });

  test("says whose key it is that the upstream refuses", async () => {
    const refusing = await startScriptedUpstream([refuses(401, { message: "Incorrect API key provided" })]);
    const file = join(folder, "refused.json");
    const other = await startProxy({
      args: ["--upstream-url", `${refusing.baseUrl}/responses`, "--server-info", file, ...quietUser],
    });
    const { code, stderr } = await start(["--proxy", file, "hi"]).ended;
    await other.stop();
    await refusing.close();
    assert.deepEqual([code, refusing.requests.length], [1, 2], "asked again once, for a key that is renewed");
    assert.match(
      stderr,
      /\nERROR: unexpected status 401 Unauthorized: Incorrect API key provided\nhint: the key is the proxy's: ask whoever runs it/,
    );
  });

  test("says how to get the proxy back when it ends while an answer is coming", async () => {
    const file = join(folder, "short.json");
    const short = await startProxy({
      args: ["--upstream-url", upstream.url, "--server-info", file, ...quietUser],
    });
    const before = upstream.requests.length;
    upstream.eventGapMs = 2_000; // longer than it takes to end the proxy
    const run = start(["--json", "--proxy", file, "hi"]);
    await waitFor(() => upstream.requests.length > before, "the request", 20_000);
    short.kill("SIGKILL");
    await short.ended;
    upstream.eventGapMs = 1;
    const { code, stdout, stderr } = await run.ended;
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.equal(code, 1, stderr);
    assert.match(
      lines.at(-1).error.message,
      /^the proxy does not run: there is no |has ended$|^no proxy listens on /,
    );
    assert.equal(
      stderr,
      `hint: start it with: codex-responses-api-proxy --server-info ${file} < key.txt, or ask whoever runs it for this machine\n`,
    );
  });

  test("goes on with a proxy that is started again, on another port, while it asks", async () => {
    const file = join(folder, "again.json");
    const args = ["--upstream-url", upstream.url, "--server-info", file, ...quietUser];
    const first = await startProxy({ args });
    const before = upstream.requests.length;
    upstream.eventGapMs = 2_000; // longer than it takes to end the proxy
    // Patience for a minute; the base URL is not the proxy's.
    const table = '{name="patient",base_url="http://127.0.0.1:1/v1",request_max_retries=8}';
    const patient = ["-c", `model_providers.patient=${table}`, "-c", "model_provider=patient"];
    const run = start(["--json", "--proxy", file, ...patient, "hi"]);
    await waitFor(() => upstream.requests.length > before, "the request", 20_000);
    first.kill("SIGKILL");
    await first.ended;
    await waitFor(() => !fs.existsSync(file), "the file to be removed", 20_000);
    upstream.eventGapMs = 1;
    const second = await startProxy({ args });
    const { code, stdout, stderr } = await run.ended;
    await second.stop();
    assert.equal(code, 0, stderr);
    assert.match(stdout, /"text":"piece 0 piece 1 piece 2 "/);
  });

  test("sends nothing to another user who takes the port when the proxy ends in mid-answer", async () => {
    const file = join(folder, "taken.json");
    // The control takes a URL at its word: there the attack succeeds.
    for (const isControl of [true, false]) {
      const short = await startProxy({
        args: ["--upstream-url", upstream.url, "--server-info", file, ...quietUser],
      });
      const { port } = JSON.parse(fs.readFileSync(file, "utf8"));
      const impostor = startImpostor(port);
      const before = upstream.requests.length;
      upstream.eventGapMs = 2_000; // longer than it takes to end the proxy
      const run = start(["--json", "--proxy", isControl ? `http://127.0.0.1:${port}` : file, "my secret"]);
      await waitFor(() => upstream.requests.length > before, "the request", 20_000);
      process.kill(run.pid, "SIGSTOP"); // so that the impostor is the faster one
      short.kill("SIGKILL");
      await short.ended;
      await waitFor(() => impostor.output() !== "", "the impostor", 20_000);
      process.kill(run.pid, "SIGCONT");
      upstream.eventGapMs = 1;
      const { code } = await run.ended;
      impostor.child.kill();
      await once(impostor.child, "close");
      assert.match(impostor.output(), /^listens\n/);
      assert.equal(impostor.output().includes("my secret"), isControl, impostor.output());
      assert.equal(code, 1);
    }
  });
});

// A user of no rights who tries to get a port until he has it, and prints what comes.
function startImpostor(port: number) {
  const script = `
    const { createServer } = require("node:net");
    const attempt = () => createServer((socket) => {
      socket.on("error", () => {}).on("data", (data) => {
        process.stdout.write(data);
        if (String(data).includes("my secret")) socket.end("HTTP/1.1 400 Bad Request\\r\\nconnection: close\\r\\n\\r\\n");
      });
    }).on("error", () => setImmediate(attempt)).listen(${port}, "127.0.0.1", () => console.log("listens"));
    attempt();`;
  const user = ["--reuid=60002", "--regid=60002", "--clear-groups"];
  const child = spawn("setpriv", [...user, process.execPath, "-e", script], { cwd: "/" });
  let output = "";
  child.stdout.on("data", (text) => {
    output += text;
  });
  return { child, output: () => output };
}
