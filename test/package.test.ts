// The package as users get it: what is in it, that it installs, and what its command does unbuilt.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { packageRoot, runProxy, startProxy, testKey } from "./proxy-process.ts";

const name = "codex-responses-api-proxy";
let folder: string;
let tarball: string;

before(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-pack-"));
  // A copy, as packing puts the placeholder where other tests are running the launcher.
  const copy = join(folder, "source");
  fs.cpSync(packageRoot, copy, {
    recursive: true,
    filter: (path) => !/\/(\.git|node_modules|bench\/node_modules)$/.test(path),
  });
  fs.symlinkSync(join(packageRoot, "node_modules"), join(copy, "node_modules"));
  const packed = execFileSync(
    "npm",
    ["pack", "--json", "--ignore-scripts=false", "--pack-destination", folder],
    {
      cwd: copy,
      encoding: "utf8",
      env: { ...process.env, npm_config_loglevel: "error" },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  tarball = join(folder, JSON.parse(packed.slice(packed.indexOf("[")))[0].filename);
});
after(() => fs.rmSync(folder, { recursive: true, force: true }));

test("the tarball holds what runs and what builds it, and nothing else", () => {
  const entries = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" }).trim().split("\n");
  const unexpected = entries.filter(
    (entry) =>
      !/^package\/(dist\/(cli|hardening|proxy(\/(dump|oidc|upstream))?)\/[a-z-]+\.js|native\/((addon|launcher)\/[a-z-]+\.(c|cc|h)|[a-z-]+\.h|(build|pack)\.mjs|placeholder\.sh)|docs\/[a-z-]+\.md|(README|SECURITY|CHANGELOG)\.md|LICENSE|package\.json|npm-shrinkwrap\.json)$/.test(
        entry,
      ),
  );
  assert.deepEqual(unexpected, [`package/native/build/${name}`]);
});

test("the placeholder in it reads nothing, says how to build, and exits 1", async () => {
  execFileSync("tar", ["-xzf", tarball, "-C", folder, `package/native/build/${name}`]);
  const placeholder = join(folder, "package/native/build", name);
  assert.equal(fs.statSync(placeholder).mode & 0o111, 0o111);
  const { stdout, stderr, status } = spawnSync("sh", ["-c", `printf unread | (${placeholder}; cat)`], {
    encoding: "utf8",
  });
  assert.deepEqual({ stdout, status }, { stdout: "unread", status: 0 });
  assert.match(stderr, /codex: error: the native launcher .* is not built\ncodex: hint: .*npm rebuild/);
  assert.equal((await runProxy({ command: placeholder })).code, 1);
});

describe("npm i -g", () => {
  const registry = spawnSync("npm", ["ping", "--fetch-retries=0"], { timeout: 30_000 }).status === 0;

  test("links a command that works", { skip: !registry && "the npm registry is out of reach" }, async () => {
    const prefix = join(folder, "prefix");
    const installed = spawnSync(
      "npm",
      ["install", "-g", "--prefix", prefix, "--no-audit", "--no-fund", tarball],
      { encoding: "utf8", timeout: 300_000 },
    );
    assert.equal(installed.status, 0, installed.stderr);
    assert.deepEqual(fs.readdirSync(join(prefix, "bin")), [name]);
    const proxy = await startProxy({ command: join(prefix, "bin", name), input: testKey });
    await proxy.stop();
  });
});
