// Pipes of Node are sockets. What runs in the sandbox has to be able to use those that it was given.

import assert from "node:assert/strict";
import fs from "node:fs";
import { after, test } from "node:test";
import { sandboxAvailability } from "../../../agent/sandbox/availability.ts";
import { launcher, makeFolder, runCodex } from "../../cli/codex-process.ts";

const folder = makeFolder();
after(() => fs.rmSync(folder, { recursive: true, force: true }));
const { isEnforced, problem } = await sandboxAvailability(launcher, {});
const skip = isEnforced ? false : `no sandbox here: ${problem}`;

const inSandbox = (script: string, input = "") =>
  runCodex({
    args: ["sandbox", "linux", "--", process.execPath, "-e", script],
    environment: { CODEX_HOME: folder },
    cwd: folder,
    input,
  });

test("a Node program in the sandbox reads from and writes to whoever started it", { skip }, async () => {
  const script = `
    process.stdin.on("data", (data) => process.stdout.write("read " + data + "x".repeat(200_000)));
    process.stderr.write("said");
  `;
  const { code, stdout, stderr } = await inSandbox(script, "this");
  assert.deepEqual([code, stdout.slice(0, 10), stdout.length, stderr], [0, "read thisx", 200_009, "said"]);
});

test("and it still makes no connection, binds nothing and sends nothing", { skip }, async () => {
  const script = `
    const net = require("node:net");
    const tell = (what) => (error) => console.log(what, error.code);
    net.connect(1, "127.0.0.1").on("error", tell("connect"));
    net.createServer().on("error", tell("listen")).listen(0, "127.0.0.1");
    net.connect("/nonexistent.sock").on("error", tell("unix"));
    require("node:dgram").createSocket("udp4").on("error", tell("udp")).bind(0, "127.0.0.1");
  `;
  const { stdout } = await inSandbox(script);
  assert.deepEqual(stdout.trim().split("\n").sort(), [
    "connect EPERM",
    "listen EPERM",
    "udp EPERM",
    "unix EPERM",
  ]);
});
