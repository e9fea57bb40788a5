// What the locked process can still do, since it must go on for days: tried from inside, in a copy of
// the package whose entry runs a self-test on SIGUSR2.

import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { copyPackage, type PackageCopy } from "../attacks/package-copy.ts";
import { type RunningProxy, startProxy } from "../proxy-process.ts";

// Runs inside the proxy; each entry throws or resolves to true.
const selfTest = `
import "./main-itself.js";
import dns from "node:dns/promises";
import fs from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { gzip } from "node:zlib";
import crypto from "node:crypto";

// (module (memory 1) (func (export "trap") (result i32) i32.const -4 i32.load))
const outOfBounds = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, 5, 3, 1, 0, 1,
  7, 8, 1, 4, 116, 114, 97, 112, 0, 0, 10, 9, 1, 7, 0, 65, 124, 40, 2, 0, 11]);

const checks = {
  "resolves names": async () => (await dns.lookup("localhost")).address !== "",
  "reads a file that the system replaced": async () => fs.readFileSync("/etc/hosts", "utf8").length >= 0,
  "hashes on the thread pool": async () => (await promisify(crypto.scrypt)("a", "b", 32)).length === 32,
  "compresses": async () => (await promisify(gzip)("x".repeat(10000))).length > 0,
  "starts a worker": () => new Promise((resolve, reject) => {
    const worker = new Worker("require('node:worker_threads').parentPort.postMessage(true)", { eval: true });
    worker.once("message", resolve);
    worker.once("error", reject);
  }),
  "compiles and optimises": async () => {
    let sum = 0;
    for (let i = 0; i < 5e6; i++) sum += i % 7;
    return sum > 0;
  },
  "collects garbage": async () => {
    setFlagsFromString("--expose-gc");
    let kept = [];
    for (let i = 0; i < 200; i++) kept.push(new Array(1e4).fill(i));
    kept = null;
    runInNewContext("gc")();
    return true;
  },
  "sees a WebAssembly trap as an exception": async () => {
    const { instance } = await WebAssembly.instantiate(outOfBounds);
    try {
      instance.exports.trap();
      return false;
    } catch (error) {
      return error instanceof WebAssembly.RuntimeError;
    }
  },
};

process.on("SIGUSR2", async () => {
  const results = {};
  for (const [name, check] of Object.entries(checks)) {
    try {
      results[name] = await check();
    } catch (error) {
      results[name] = String(error);
    }
  }
  fs.writeSync(2, "self-test " + JSON.stringify(results) + "\\n");
});
`;

let folder: string;
let copy: PackageCopy;
let proxy: RunningProxy;

before(async () => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-lock-"));
  fs.chmodSync(folder, 0o755);
  copy = copyPackage(join(folder, "package"));
  fs.renameSync(copy.entry, join(copy.root, "dist/proxy/main-itself.js"));
  fs.writeFileSync(copy.entry, selfTest);
  proxy = await startProxy({ command: copy.launcher });
});
after(async () => {
  await proxy.stop();
  fs.rmSync(folder, { recursive: true });
});

test("names, threads, workers, compilers and the collector go on working behind the lock", async () => {
  proxy.kill("SIGUSR2");
  for (let i = 0; i < 200 && !proxy.output.stderr.includes("self-test"); i++) await sleep(50);
  const report = /self-test (.*)\n/.exec(proxy.output.stderr)?.[1] ?? "{}";
  assert.deepEqual(JSON.parse(report), {
    "resolves names": true,
    "reads a file that the system replaced": true,
    "hashes on the thread pool": true,
    compresses: true,
    "starts a worker": true,
    "compiles and optimises": true,
    "collects garbage": true,
    "sees a WebAssembly trap as an exception": true,
  });
});
