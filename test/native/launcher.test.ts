// What the launcher makes of the process before Node runs in it.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { scanMemory } from "../memory-scan.ts";
import { launcher, type RunningProxy, runProxy, startProxy, testKey } from "../proxy-process.ts";

const isRoot = process.geteuid?.() === 0;
const readProc = (pid: number, file: string) => fs.readFileSync(`/proc/${pid}/${file}`, "latin1");

describe("which program a call means", () => {
  let folder: string;
  let codex: string;
  before(() => {
    folder = fs.mkdtempSync(join(tmpdir(), "codex-names-"));
    codex = join(folder, "codex");
    fs.symlinkSync(launcher, codex);
  });
  after(() => fs.rmSync(folder, { recursive: true }));

  const cases: [string, string[], RegExp][] = [
    ["codex responses-api-proxy", ["responses-api-proxy", "--version"], /^codex-responses-api-proxy /],
    [
      "codex, global options with values, responses-api-proxy",
      ["-c", "model=responses-api-proxy", "--enable", "x", "--disable=y", "responses-api-proxy", "--version"],
      /^codex-responses-api-proxy /,
    ],
    ["codex --version", ["--version"], /^codex-cli \d/],
    [
      "codex with the name as a value only",
      ["--config", "responses-api-proxy", "--version"],
      /^codex-cli \d/,
    ],
    ["codex with the name among images", ["-i", "a", "responses-api-proxy", "--version"], /^codex-cli \d/],
    ["codex --help", ["--help"], /^Usage: codex /m],
  ];
  for (const [name, args, stdout] of cases) {
    test(name, async () => {
      assert.match((await runProxy({ command: codex, args })).stdout, stdout);
    });
  }

  test("codex takes the name behind two dashes for a prompt", async () => {
    const { code, stdout } = await runProxy({
      command: codex,
      args: ["--", "responses-api-proxy"],
      input: testKey,
    });
    assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
  });

  test("whatever else the file is called, it is codex", async () => {
    for (const argv0 of ["cx", "/usr/bin/codex-0.50", "", "node"]) {
      const { code, stdout } = await runProxy({ argv0, args: ["--version"] });
      assert.equal(code, 0);
      assert.match(stdout, /^codex-cli \d/);
    }
    const proxy = await runProxy({ argv0: "/opt/my-responses-api-proxy-2", args: ["--version"] });
    assert.match(proxy.stdout, /^codex-responses-api-proxy \d/);
  });

  test("codex responses-api-proxy starts the proxy and takes a key from stdin", async () => {
    const proxy = await startProxy({ command: codex, args: ["responses-api-proxy"] });
    await proxy.stop();
  });
});

describe("the process that holds the key", () => {
  let proxy: RunningProxy;
  before(async () => {
    proxy = await startProxy({
      // Descriptors 7 and 9 are left open on purpose.
      through: [
        "sh",
        "-c",
        'exec 7</etc/hostname 9>/dev/null; ulimit -c unlimited 2>/dev/null; umask 000; exec "$@"',
        "sh",
      ],
      env: {
        ...process.env,
        OPENAI_API_KEY: "sk-in-the-environment",
        NODE_OPTIONS: "--no-warnings",
        NODE_EXTRA_CA_CERTS: "/tmp/x.pem",
        NODE_TLS_REJECT_UNAUTHORIZED: "0",
        OPENSSL_CONF: "/tmp/openssl.cnf",
        SSL_CERT_FILE: "/tmp/x.pem",
        HTTPS_PROXY: "http://127.0.0.1:1",
        RES_OPTIONS: "debug",
        CREDENTIALS_DIRECTORY: "/run/test-credentials",
        CREDENTIALS_DIRECTORYS: "not this one",
        CODEX_LAUNCHER: "/usr/bin/codex", // would spare the environment and the core limit, if it arrived
        CODEX_LAUNCHER_HID_NODE_OPTIONS: "--inspect",
        LISTEN_PID: "1",
        LISTEN_FDS: "1",
        WATCHDOG_USEC: "1000000",
      },
    });
  });
  after(() => proxy.stop());

  test("has nothing in its environment but what is on the list", { skip: !isRoot && "needs root" }, () => {
    const variables = readProc(proxy.pid, "environ")
      .split("\0")
      .filter((entry) => entry !== "");
    assert.deepEqual(variables, ["CREDENTIALS_DIRECTORY=/run/test-credentials"]);
  });

  test("has no descriptor that it was not given on purpose", { skip: !isRoot && "needs root" }, () => {
    const open = fs
      .readdirSync(`/proc/${proxy.pid}/fd`)
      .map((fd) => fs.readlinkSync(`/proc/${proxy.pid}/fd/${fd}`));
    const files = open.filter((target) => target.startsWith("/") && target !== "/dev/null");
    assert.deepEqual(files, []);
    assert.equal(fs.readlinkSync(`/proc/${proxy.pid}/fd/0`), "/dev/null");
  });

  test("can dump no core, gain no privileges, and runs under a filter on every thread", () => {
    const core = readProc(proxy.pid, "limits")
      .split("\n")
      .find((line) => line.startsWith("Max core file size"));
    assert.match(core as string, /\s0\s+0\s/);
    for (const task of fs.readdirSync(`/proc/${proxy.pid}/task`)) {
      const status = readProc(proxy.pid, `task/${task}/status`);
      assert.match(status, /NoNewPrivs:\t1/);
      assert.match(status, /Seccomp:\t2/);
      assert.match(status, /Umask:\t0077/);
    }
  });

  test("opens no inspector on SIGUSR1, though Node would", async () => {
    const child = await startProxy({});
    child.kill("SIGUSR1");
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.doesNotMatch(child.output.stderr, /Debugger listening/);
    await child.stop();
  });

  test("runs no code that NODE_OPTIONS or LD_PRELOAD of its starter name", async () => {
    const folder = fs.mkdtempSync(join(tmpdir(), "codex-inject-"));
    const proof = join(folder, "proof");
    const script = join(folder, "evil.cjs");
    fs.writeFileSync(script, `require("fs").writeFileSync(${JSON.stringify(proof)}, "ran")`);
    const env = { ...process.env, NODE_OPTIONS: `--require=${script}` };
    const control = execFileSync(process.execPath, ["-p", "1"], { env, encoding: "utf8" });
    assert.equal(control, "1\n");
    assert.ok(fs.existsSync(proof), "the attack works on plain Node");
    fs.rmSync(proof);
    const attacked = await startProxy({ env });
    await attacked.stop();
    assert.ok(!fs.existsSync(proof));
    fs.rmSync(folder, { recursive: true });
  });
});

test("a key in a variable of the starter is in no memory that lives on, the janitor's included", {
  skip: !isRoot && "needs root",
}, async () => {
  const folder = fs.mkdtempSync(join(tmpdir(), "codex-janitor-"));
  const key = `sk-${randomBytes(36).toString("base64url")}`;
  const env = { ...process.env, OPENAI_API_KEY: key };
  const proxy = await startProxy({ args: ["--server-info", join(folder, "info.json")], env });
  const janitor = Number(
    execFileSync("ps", ["-o", "pid=", "--ppid", String(proxy.pid)], { encoding: "utf8" }),
  );
  const plain = spawn("sleep", ["60"], { env, stdio: "ignore" });
  await once(plain, "spawn");
  try {
    const counts = [proxy.pid, janitor, plain.pid as number].map((pid) => scanMemory(pid, key).copies > 0);
    assert.deepEqual(counts, [false, false, true]);
  } finally {
    plain.kill("SIGKILL");
    await proxy.stop();
    fs.rmSync(folder, { recursive: true });
  }
});

test("the launcher is a static executable, so that LD_PRELOAD cannot enter it", () => {
  const elf = fs.readFileSync(launcher);
  const programHeaders = Number(elf.readBigUInt64LE(32));
  const entrySize = elf.readUInt16LE(54);
  const types = Array.from({ length: elf.readUInt16LE(56) }, (_, i) =>
    elf.readUInt32LE(programHeaders + i * entrySize),
  );
  const interpreter = 3; // PT_INTERP, elf(5)
  assert.ok(!types.includes(interpreter));
});

test("it starts from a folder that holds another package, which its policy does not let it read", async () => {
  const folder = fs.mkdtempSync(join(tmpdir(), "codex-cwd-"));
  fs.writeFileSync(join(folder, "package.json"), '{"name":"a-project-of-the-user"}');
  const inner = join(folder, "src");
  fs.mkdirSync(inner);
  for (const cwd of [folder, inner]) {
    const proxy = await startProxy({ through: ["sh", "-c", `cd ${cwd} && exec "$@"`, "sh"] });
    await proxy.stop();
  }
  fs.rmSync(folder, { recursive: true });
});

test("a closed stdin is a missing key, not whatever is opened next", async () => {
  const { code, stderr } = await runProxy({ through: ["sh", "-c", 'exec "$@" <&-', "sh"] });
  assert.equal(code, 1);
  assert.match(stderr, /API key must be provided via stdin/);
});

test("started around its launcher the proxy refuses with exit 10", async () => {
  const entry = new URL("../../proxy/main.js", import.meta.url).pathname;
  const { code, stderr } = await runProxy({
    command: process.execPath,
    args: [entry],
    input: `${testKey}\n`,
  });
  assert.equal(code, 10);
  assert.match(stderr, /must be started by its own launcher/);
});
