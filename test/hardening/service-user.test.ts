// Started by root the proxy gives root up, on every thread, for good.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type MockUpstream, startMockUpstream } from "../mock/upstream.ts";
import {
  packageRoot,
  type RunningProxy,
  runProxy,
  skipWithoutOtherUser,
  startProxy,
  testKey,
} from "../proxy-process.ts";
import { isWhole, rawPost, sendRaw } from "../raw-http.ts";

const isRoot = process.geteuid?.() === 0;

describe("started by root", { skip: !isRoot && "needs root" }, () => {
  let upstream: MockUpstream;
  before(async () => {
    upstream = await startMockUpstream({ expectedKey: testKey });
  });
  after(() => upstream.close());

  const start = (...args: string[]) => startProxy({ args: ["--upstream-url", upstream.url, ...args] });

  /** What the kernel says of each thread, as one set of lines. */
  function threadsOf(proxy: RunningProxy): string[] {
    const wanted =
      /^(Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):[ \t]*(.*?)[ \t]*$/gm;
    const seen = new Set<string>();
    for (const task of fs.readdirSync(`/proc/${proxy.pid}/task`)) {
      const status = fs.readFileSync(`/proc/${proxy.pid}/task/${task}/status`, "utf8");
      for (const [, name, value] of status.matchAll(wanted))
        seen.add(`${name} ${value?.replaceAll("\t", " ")}`);
    }
    return [...seen].sort();
  }

  const none = "0000000000000000";
  const powerless = (uid: number, gid: number) =>
    [
      ...[`CapAmb ${none}`, `CapBnd ${none}`, `CapEff ${none}`, `CapInh ${none}`, `CapPrm ${none}`],
      ...[
        `Gid ${gid} ${gid} ${gid} ${gid}`,
        "Groups ",
        "NoNewPrivs 1",
        "Seccomp 2",
        `Uid ${uid} ${uid} ${uid} ${uid}`,
      ],
    ].sort();

  test("it serves as the user that --user names, every thread without groups or capabilities", async () => {
    const proxy = await start("--user", "60001:60002");
    assert.equal((await sendRaw(proxy.port, rawPost(), { until: isWhole })).status, 200);
    assert.deepEqual(threadsOf(proxy), powerless(60001, 60002));
    assert.match(
      proxy.output.stderr,
      /^codex: every user .*\ncodex: protections: \d+ on.*\nresponses-api-proxy listening on .*\n$/,
    );
    await proxy.stop();
  });

  test("without --user it serves as codex-proxy, or as nobody with a warning", async () => {
    const proxy = await start();
    const [uid] = fs.readFileSync(`/proc/${proxy.pid}/status`, "utf8").match(/(?<=^Uid:\s)\d+/m) ?? [];
    assert.notEqual(uid, "0");
    const hasAccount = /^codex-proxy:/m.test(fs.readFileSync("/etc/passwd", "utf8"));
    if (!hasAccount)
      assert.match(
        proxy.output.stderr,
        /^codex: warning: serving as nobody, .*useradd --system codex-proxy\n/,
      );
    await proxy.stop();
  });

  test("--allow-root keeps root, and says that a protection is off", async () => {
    const proxy = await start("--allow-root");
    assert.match(proxy.output.stderr, /^codex: warning: serving as root: /);
    assert.match(proxy.output.stderr, /\ncodex: protections: \d+ on, 1 off \(unprivileged: serves as root\)/);
    assert.equal((await sendRaw(proxy.port, rawPost(), { until: isWhole })).status, 200);
    await proxy.stop();
  });

  test("a user or group that does not exist, or is root, is a usage error", async () => {
    for (const user of ["no-such-user", "60001:no-such-group", "60001:0", "60001:60001:x", "root", "0"]) {
      const { code, stderr } = await runProxy({ args: ["--user", user] });
      assert.equal(code, 2, stderr);
      assert.match(stderr, /^codex: error: cannot serve as the user given with --user \(.*\)\ncodex: hint: /);
    }
  });

  test("server info in root's own folder is removed though the proxy may not", async () => {
    const folder = fs.mkdtempSync(join(tmpdir(), "codex-drop-"));
    const file = join(folder, "info.json");
    const proxy = await start("--user", "60001", "--server-info", file);
    assert.ok(fs.existsSync(file));
    await proxy.stop();
    assert.ok(!fs.existsSync(file));
    fs.rmSync(folder, { recursive: true });
  });

  test("from a package in a private folder the first request after the drop is served", async () => {
    const folder = fs.mkdtempSync(join(tmpdir(), "codex-private-")); // 0700
    for (const part of ["package.json", "dist", "native/build"]) {
      fs.cpSync(join(packageRoot, part), join(folder, part), { recursive: true });
    }
    fs.cpSync(join(packageRoot, "node_modules"), join(folder, "node_modules"), {
      recursive: true,
      filter: (path) => !/node_modules\/(\.cache|@biomejs|@typescript|typescript)$/.test(path),
    });
    const proxy = await startProxy({
      command: join(folder, "native/build/codex-responses-api-proxy"),
      args: ["--user", "60001", "--upstream-url", upstream.url],
    });
    for (let i = 0; i < 3; i++) {
      assert.equal((await sendRaw(proxy.port, rawPost(), { until: isWhole })).status, 200);
    }
    await proxy.stop();
    fs.rmSync(folder, { recursive: true });
  });

  test("files that others may write are refused, naming the one", async () => {
    const folder = fs.mkdtempSync(join(tmpdir(), "codex-writable-"));
    for (const part of ["package.json", "dist", "native/build"]) {
      fs.cpSync(join(packageRoot, part), join(folder, part), { recursive: true });
    }
    fs.symlinkSync(join(packageRoot, "node_modules"), join(folder, "node_modules"));
    const command = join(folder, "native/build/codex-responses-api-proxy");
    const input = `${testKey}\n`;
    for (const [path, change] of [
      ["dist", () => fs.chmodSync(join(folder, "dist"), 0o777)],
      ["dist/proxy/main.js", () => execFileSync("chown", ["60001", join(folder, "dist/proxy/main.js")])],
      ["dist/proxy/serve.js", () => execFileSync("chown", ["60001", join(folder, "dist/proxy/serve.js")])],
      ["native/build/hardening.node", () => fs.chmodSync(join(folder, "native/build/hardening.node"), 0o775)],
    ] as const) {
      const whole = fs.statSync(join(folder, path));
      change();
      if (path.endsWith(".node")) execFileSync("chgrp", ["60001", join(folder, path)]);
      const { code, stderr } = await runProxy({ command, input });
      assert.equal(code, 10, stderr);
      assert.match(stderr, new RegExp(`others than root may change ${folder}/${path}, `));
      fs.chmodSync(join(folder, path), whole.mode);
      fs.chownSync(join(folder, path), 0, 0);
    }
    const proxy = await startProxy({ command, args: ["--user", "60001"] });
    await proxy.stop();
    fs.rmSync(folder, { recursive: true });
  });
});

test("what a starter leaves of capabilities and user ids is not kept", {
  skip: skipWithoutOtherUser,
}, async () => {
  const ambient = ["--inh-caps=+dac_override,+sys_admin", "--ambient-caps=+dac_override,+sys_admin"];
  const user = ["setpriv", "--reuid=60001", "--regid=60001", "--clear-groups"];
  const proxy = await startProxy({ through: [...user, ...ambient] });
  assert.match(fs.readFileSync(`/proc/${proxy.pid}/status`, "utf8"), /CapPrm:\t0+\nCapEff:\t0+\n/);
  await proxy.stop();

  const mixed = await runProxy({ through: ["setpriv", "--euid=60001", "--regid=60001", "--clear-groups"] });
  assert.equal(mixed.code, 10);
  assert.match(mixed.stderr, /started with several user ids/);
});

test("a user who is not root cannot choose another", { skip: skipWithoutOtherUser }, async () => {
  const through = ["setpriv", "--reuid=60001", "--regid=60001", "--clear-groups"];
  const { code, stderr } = await runProxy({ through, args: ["--user", "60002"] });
  assert.equal(code, 2);
  assert.match(stderr, /only root can/);
  const proxy = await startProxy({ through, args: ["--user", "60001"] });
  await proxy.stop();
});
