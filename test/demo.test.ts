// The demo that the README promises.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { packageRoot } from "./proxy-process.ts";

test("the demo streams, shows what is refused, and exits 0", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`${packageRoot}dist/demo/main.js`], {
    encoding: "utf8",
    timeout: 60_000,
  });
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
  assert.match(stdout, /status 200, 10 events, median delay/);
  assert.match(stdout, /read \/proc\/\d+\/mem of the proxy: EACCES/);
  assert.match(stdout, /status 200, exit code 0, server info removed/);
  assert.doesNotMatch(stdout, /sk-demo-/);
});
