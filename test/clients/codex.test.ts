// The real Codex from npm, as an unprivileged user runs it against the proxy.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { type MockUpstream, startMockUpstream } from "../mock/upstream.ts";
import { launcher, quietUser, type RunningProxy, runProxy, startProxy, testKey } from "../proxy-process.ts";
import { installClient, skipUnless } from "./install.ts";

const client = installClient("@openai/codex");

describe("codex exec", { skip: skipUnless(client) }, () => {
  let upstream: MockUpstream;
  let proxy: RunningProxy;
  let home: string;

  before(async () => {
    upstream = await startMockUpstream({ expectedKey: testKey });
    proxy = await startProxy({ args: ["--upstream-url", upstream.url] });
    home = fs.mkdtempSync(join(tmpdir(), "codex-home-"));
  });
  after(async () => {
    await proxy.stop();
    await upstream.close();
    fs.rmSync(home, { recursive: true, force: true });
  });
  beforeEach(() => {
    upstream.mode = "plain";
    upstream.eventCount = 3;
  });

  async function codexExec(
    extra: readonly string[] = [],
    provider = "",
  ): Promise<{ code: number | null; stdout: string; stderr: string }> {
    if (!("folder" in client)) throw new Error("not installed");
    const table = `{name="p",base_url="${proxy.baseUrl}/v1",wire_api="responses"${provider}}`;
    const args = [
      "exec",
      "--skip-git-repo-check",
      "-c",
      `model_providers.p=${table}`,
      "-c",
      "model_provider=p",
      ...extra,
    ];
    const child = spawn(join(client.folder, "node_modules/.bin/codex"), [...args, "Say hi"], {
      cwd: home,
      env: { PATH: process.env.PATH, HOME: home, CODEX_HOME: home },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk) => {
      output.stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      output.stderr += chunk;
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), 90_000);
    const [code] = (await once(child, "close")) as [number | null];
    clearTimeout(timer);
    return { code, ...output };
  }

  test("prints the answer of the model and exits 0", async () => {
    const before = upstream.requests.length;
    const { code, stdout, stderr } = await codexExec();
    assert.equal(code, 0, stderr);
    assert.match(stdout, /piece 0 piece 1 piece 2/);
    assert.equal(upstream.requests.length - before, 1);
    assert.equal(upstream.requests.at(-1)?.headers.authorization, `Bearer ${testKey}`);
  });

  test("runs a tool that the model asks for", async () => {
    upstream.mode = "toolCall";
    const before = upstream.requests.length;
    const { code, stderr } = await codexExec(["--dangerously-bypass-approvals-and-sandbox"]);
    assert.equal(code, 0, stderr);
    const requests = upstream.requests.slice(before);
    assert.equal(requests.length, 2);
    assert.match(requests[1]?.body ?? "", /tool-ran/);
  });

  test("falls back to HTTP at once where it was told to try a WebSocket", async () => {
    const began = Date.now();
    const { code, stderr } = await codexExec([], ",supports_websockets=true");
    assert.equal(code, 0, stderr);
    // Its waits between attempts, were there any, add up to more than 5 s.
    assert.doesNotMatch(stderr, /Reconnecting/);
    assert.ok(Date.now() - began < 60_000);
  });

  test("shows the reason when the proxy refuses", async () => {
    upstream.mode = "badRequest";
    const { code, stderr } = await codexExec();
    assert.equal(code, 1);
    assert.match(stderr, /the mock finds fault with the request/);
  });

  // What the commands print and do, taken by the real client.
  async function shell(script: string, serverInfo: string): Promise<{ code: number | null; output: string }> {
    if (!("folder" in client)) throw new Error("not installed");
    const bin = join(client.folder, "node_modules/.bin");
    const env = {
      PATH: `${bin}:${process.env.PATH}`,
      HOME: home,
      CODEX_HOME: home,
      P: launcher,
      F: serverInfo,
    };
    const result = await runProxy({ command: "sh", args: ["-c", script], env, input: "", timeoutMs: 90_000 });
    return { code: result.code, output: result.stdout + result.stderr };
  }

  test("takes what env prints, and what exec gives it, by a port or by the bridge to a unix socket", async () => {
    const folder = fs.mkdtempSync(join(tmpdir(), "codex-client-"));
    const socket = join(folder, "socket");
    for (const [name, extra] of [
      ["tcp", []],
      ["unix", ["--socket", socket]],
    ] as const) {
      const file = join(folder, `${name}.json`);
      const log = join(folder, `${name}.log`);
      const options = ["--upstream-url", upstream.url, "--server-info", file, ...quietUser, ...extra];
      const args = ["--daemon", "--log-file", log, ...options];
      const start = await runProxy({ args, input: testKey });
      assert.equal(start.code, 0, start.stderr);
      const ask = 'exec --skip-git-repo-check "Say hi"';
      const calls = [`"$P" exec --server-info "$F" -- codex ${ask}`];
      if (name === "tcp") {
        calls.push(`codex $("$P" env --server-info "$F") ${ask}`);
        calls.push(`eval "codex $("$P" env --server-info "$F" --shell) ${ask.replaceAll('"', "'")}"`);
        calls.push(
          `"$P" env --server-info "$F" --toml > "$HOME/config.toml"; codex ${ask}; rm "$HOME/config.toml"`,
        );
        calls.push(`X=token codex $(X=token "$P" env --server-info "$F" --token-env X) ${ask}`);
        calls.push(`X=token "$P" exec --server-info "$F" --token-env X -- codex ${ask}`);
      }
      for (const call of calls) {
        const before = upstream.requests.length;
        const { code, output } = await shell(`cd "$HOME" && ${call}`, file);
        assert.equal(code, 0, output);
        assert.match(output, /piece 0 piece 1 piece 2/, call);
        assert.doesNotMatch(output, /Reconnecting/);
        assert.equal(upstream.requests.length - before, 1, call);
      }
      assert.equal((await runProxy({ args: ["stop", "--server-info", file] })).code, 0);
    }
    fs.rmSync(folder, { recursive: true });
  });
});
