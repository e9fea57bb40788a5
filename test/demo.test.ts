// The demo that the README promises: the whole chain, in which a user of no rights has a project repaired and
// never has the key; and the control that its search for the key finds one where there is one.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type SearchResult, watchForKey } from "../demo/key-search.ts";
import { launcher, makeFolder } from "./cli/codex-process.ts";
import { calls, says, shellCall } from "./mock/scenarios.ts";
import { startScriptedUpstream } from "./mock/scripted-upstream.ts";
import { packageRoot } from "./proxy-process.ts";

const isRoot = process.geteuid?.() === 0;

test("the demo repairs a project, finds no key at the client, shows what is refused, and exits 0", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`${packageRoot}dist/demo/main.js`], {
    encoding: "utf8",
    timeout: 120_000,
  });
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" }, stdout);
  assert.match(stdout, /bash -lc 'node --test' in \S+ exited 1 in /);
  assert.match(stdout, /bash -lc 'node --test' in \S+ succeeded in /);
  assert.match(stdout, /afterwards `node --test`, run without codex: passes/);
  if (isRoot) {
    assert.match(stdout, /in codex and what it started: 0 \(\d+ processes: .*node; \d{3,} MiB of memory/);
  }
  assert.match(stdout, /status 200, 10 events 100 ms apart, median delay/);
  assert.match(stdout, /read \/proc\/\d+\/mem of the proxy: EACCES/);
  assert.match(stdout, /status 200, exit code 0, server info removed/);
  assert.doesNotMatch(stdout, /sk-demo-/);
});

describe("the demo's search for the key", {
  skip: !isRoot && "needs root, to read what is not dumpable",
}, () => {
  const key = `sk-control-${"0123456789abcdef".repeat(2)}`;

  /** A client that has the key itself, in the way that the test is about. */
  async function search({
    environment = {},
    args = [],
    command = "true",
    homeFile = "",
  }: {
    readonly environment?: Readonly<Record<string, string>>;
    readonly args?: readonly string[];
    readonly command?: string;
    readonly homeFile?: string;
  }): Promise<SearchResult> {
    const root = makeFolder();
    const home = join(root, "home");
    fs.mkdirSync(home);
    if (homeFile !== "") fs.writeFileSync(join(home, "note.txt"), homeFile);
    let look = () => {};
    const steps = [calls(shellCall(command, "c1")), says("ok")];
    const upstream = await startScriptedUpstream((_, index) => {
      look();
      return steps[index] ?? says("ok");
    });
    try {
      const table = `{name="m",base_url="${upstream.baseUrl}",wire_api="responses",env_key="DIRECT_KEY"}`;
      const child = spawn(
        launcher,
        [
          "exec",
          "--skip-git-repo-check",
          "-c",
          `model_providers.m=${table}`,
          "-c",
          "model_provider=m",
          ...args,
          "hi",
        ],
        {
          argv0: "codex",
          cwd: root,
          env: {
            PATH: "/usr/bin:/bin",
            HOME: home,
            CODEX_HOME: home,
            DIRECT_KEY: "sk-other",
            ...environment,
          },
          stdio: "ignore",
        },
      );
      const watch = watchForKey(key, child.pid as number);
      look = () => watch.look();
      const [code] = await once(child, "close");
      assert.equal(code, 0);
      return watch.finish([home]);
    } finally {
      await upstream.close();
      fs.rmSync(root, { recursive: true, force: true });
    }
  }

  test("finds none where there is none", async () => {
    const { copies, closed, processes } = await search({ command: "sleep 0.3" });
    assert.deepEqual([copies, closed], [0, 0]);
    assert.ok(processes.length >= 2, "codex and its command are looked at");
  });

  test("finds a key that the client sends itself", async () => {
    const { copies } = await search({ environment: { DIRECT_KEY: key } });
    assert.ok(copies > 0);
  });

  test("finds a key that only a command of the session has", async () => {
    const { copies } = await search({
      command: `x="sk-control-"; for i in 1 2; do x="\${x}0123456789abcdef"; done; export x; sleep 0.5; sleep 0.5`,
    });
    assert.ok(copies > 0);
  });

  test("finds a key in a file", async () => {
    const { copies, files } = await search({ homeFile: `key: ${key}` });
    assert.deepEqual([copies, files > 0], [1, true]);
  });
});
