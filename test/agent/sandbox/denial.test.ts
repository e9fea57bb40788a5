import assert from "node:assert/strict";
import { test } from "node:test";
import { isLikelySandboxDenial } from "../../../agent/sandbox/denial.ts";

const denials = [
  { exitStatus: 1, output: "touch: cannot touch 'a': Permission denied" },
  { exitStatus: 1, output: "connect: Operation not permitted" },
  { exitStatus: 2, output: "sh: 1: cannot create a: READ-ONLY FILE SYSTEM" },
  { exitStatus: 127, output: "killed by seccomp" },
  { exitStatus: 1, output: "codex-linux-sandbox: error" },
  { exitStatus: 1, output: "Landlock" },
  { exitStatus: 1, output: "Failed to write file x" },
  { exitStatus: 128 + 31, output: "" },
];

const others = [
  { exitStatus: 0, output: "Permission denied" },
  { exitStatus: 1, output: "No such file or directory" },
  { exitStatus: 2, output: "usage" },
  { exitStatus: 126, output: "" },
  { exitStatus: 127, output: "not found" },
  { exitStatus: 128 + 9, output: "" },
];

test("a failure counts as a denial by what the command says of it, or by the signal for a bad system call", () => {
  const judged = [...denials, ...others].map((end) => isLikelySandboxDenial({ ...end, isSandboxed: true }));
  assert.deepEqual(judged, [...denials.map(() => true), ...others.map(() => false)]);
});

test("without a sandbox nothing is a denial by it", () => {
  assert.deepEqual(
    denials.filter((end) => isLikelySandboxDenial({ ...end, isSandboxed: false })),
    [],
  );
});
