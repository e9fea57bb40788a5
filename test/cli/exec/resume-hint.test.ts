// The command that a person pastes to go on.

import assert from "node:assert/strict";
import { test } from "node:test";
import { resumeCommand } from "../../../cli/exec/resume-hint.ts";

test("the command to go on leads through the proxy that was named for this call, and through no other", () => {
  assert.equal(resumeCommand("ID", undefined), "codex exec resume ID");
  assert.equal(resumeCommand("ID", ""), "codex exec resume ID");
  assert.equal(resumeCommand("ID", "/run/info.json"), "codex exec --proxy /run/info.json resume ID");
  assert.equal(resumeCommand("ID", "unix:/a b"), "codex exec --proxy 'unix:/a b' resume ID");
});
