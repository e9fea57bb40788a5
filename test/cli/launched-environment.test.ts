// What the launcher says to the program is for the program alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { takeEnvironment } from "../../cli/launched-environment.ts";

test("the launcher's words are taken out of the process's own environment, and hidden names are given back", () => {
  const current = {
    PATH: "/bin",
    CODEX_HOME: "/home/ada/.codex",
    CODEX_LAUNCHER: "/opt/launcher",
    CODEX_LAUNCHER_OPEN_FILES: "1024",
    CODEX_LAUNCHER_IGNORED_SIGNALS: "1,2",
    CODEX_LAUNCHER_HID_NODE_OPTIONS: "--inspect",
  };
  const taken = takeEnvironment(current);
  assert.deepEqual(taken, {
    environment: { PATH: "/bin", CODEX_HOME: "/home/ada/.codex", NODE_OPTIONS: "--inspect" },
    launcher: "/opt/launcher",
    ignoredSignals: [1, 2],
  });
  // A child that is started without an environment of its own gets this one.
  assert.deepEqual(current, { PATH: "/bin", CODEX_HOME: "/home/ada/.codex" });
});
