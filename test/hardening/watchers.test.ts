// Nobody may already have a hand in the process that is about to read a key.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import type { HardeningError } from "../../hardening/errors.ts";
import type { ProcessFacts } from "../../hardening/native.ts";
import { refuseWatchers } from "../../hardening/watchers.ts";
import { runProxy, testKey } from "../proxy-process.ts";

const clean: ProcessFacts = {
  coreLimitBytes: 0,
  lockLimitBytes: 8_388_608,
  bindErrno: 13,
  tracerPid: 0,
  inUserNamespace: false,
  userNamespaceOwner: 0,
};

function verdict(change: Partial<ProcessFacts>, inspectorUrl?: string, uid = 1000): string {
  try {
    refuseWatchers({ ...clean, ...change }, inspectorUrl, uid);
    return "goes on";
  } catch (error) {
    return (error as HardeningError).code;
  }
}

test("a tracer, an inspector and a user namespace of one's own are refused, others are not", () => {
  assert.deepEqual(
    [
      verdict({}),
      verdict({ tracerPid: 1 }),
      verdict({}, "ws://127.0.0.1:9229/x"),
      verdict({ inUserNamespace: true, userNamespaceOwner: 1000 }),
      verdict({ inUserNamespace: true, userNamespaceOwner: 0 }), // made by the service manager, as PrivateUsers= does
    ],
    ["goes on", "HRD_ERR_TRACED", "HRD_ERR_INSPECTOR", "HRD_ERR_USER_NAMESPACE", "goes on"],
  );
});

// Absolute paths: loading the addon, as this file does, has scrubbed PATH.
const has = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;
const input = `${testKey}\n`;

describe("the real program", () => {
  test("exits 9 under a tracer", {
    skip: !has("strace", "-o", "/dev/null", "/bin/true") && "strace is not installed",
  }, async () => {
    const { code, stderr } = await runProxy({ through: ["strace", "-f", "-o", "/dev/null"], input });
    assert.equal(code, 9);
    assert.match(stderr, /tracer is attached/);
  });

  test("exits 9 in a user namespace that its own user made", {
    skip: !has("unshare", "-U", "/bin/true") && "user namespaces are not available",
  }, async () => {
    for (const through of [
      ["unshare", "-U"],
      ["unshare", "-U", "-r"],
    ]) {
      const { code, stderr } = await runProxy({ through, input });
      assert.equal(code, 9);
      assert.match(stderr, /user namespace/);
    }
  });
});
