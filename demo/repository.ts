// A small project with a test that fails, and the session in which a model finds out why and repairs it: it
// runs the tests, reads, patches, and runs them again.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { calls, patchCall, planCall, says, saysAndCalls, shellCall } from "../test/mock/scenarios.ts";
import type { Script, ScriptedRequest, Step } from "../test/mock/scripted-upstream.ts";
import type { Client } from "./users.ts";

const files: Readonly<Record<string, string>> = {
  "package.json": `${JSON.stringify({ name: "prices", type: "module", private: true }, null, 2)}\n`,
  "total.js": [
    "/** The sum of prices, in cents. */",
    "export function total(prices) {",
    "  let sum = 0;",
    "  for (let at = 1; at < prices.length; at++) sum += prices[at];",
    "  return sum;",
    "}",
    "",
  ].join("\n"),
  "total.test.js": [
    'import assert from "node:assert/strict";',
    'import { test } from "node:test";',
    'import { total } from "./total.js";',
    "",
    'test("every price counts", () => assert.equal(total([250, 100, 30]), 380));',
    "",
  ].join("\n"),
};

/** Make the project, and commit it. */
export function makeRepository(folder: string, { ids }: Client): void {
  fs.mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(join(folder, name), text);
  const { uid, gid } = ids;
  if (uid !== undefined) {
    for (const name of ["", ...Object.keys(files)]) fs.chownSync(join(folder, name), uid, gid as number);
  }
  const identity = ["-c", "user.name=Demo", "-c", "user.email=demo@example.com"];
  for (const args of [
    ["init", "--quiet"],
    ["add", "."],
    [...identity, "commit", "--quiet", "-m", "prices"],
  ]) {
    const { status, stderr } = spawnSync("git", args, {
      ...ids,
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder },
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`git ${args[0]}: ${stderr}`);
  }
}

/** Run its tests as the client would, without codex. @returns whether they pass */
export function testsPass(folder: string, { ids, node }: Client): boolean {
  const env = { HOME: folder };
  return spawnSync(node, ["--test"], { ...ids, cwd: folder, env }).status === 0;
}

const patch = [
  "*** Begin Patch",
  "*** Update File: total.js",
  "@@ export function total(prices) {",
  "-  for (let at = 1; at < prices.length; at++) sum += prices[at];",
  "+  for (const price of prices) sum += price;",
  "*** End Patch",
  "",
].join("\n");

const steps: readonly Step[] = [
  saysAndCalls(
    "I run the tests first.",
    planCall(
      [
        { step: "See which test fails", status: "in_progress" },
        { step: "Repair the code", status: "pending" },
        { step: "Run the tests again", status: "pending" },
      ],
      "call_plan",
    ),
    shellCall("node --test", "call_tests"),
  ),
  calls(shellCall("cat total.js", "call_read")),
  calls(patchCall(patch, "call_patch")),
  calls(shellCall("node --test", "call_again")),
  says("The loop left out the first price. It takes all of them now, and the test passes."),
];

/** What the model must have been told before each step: else the session is not what it looks like. */
const evidence: readonly (RegExp | undefined)[] = [
  undefined,
  /# fail 1|fail 1\b/,
  /at = 1/,
  /M total\.js/,
  /fail 0\b/,
];

/** @param onRequest - told of each request of the session before it is answered */
export function repairSession(onRequest: (index: number) => void): Script {
  let index = 0;
  return (request) => {
    const step = Math.min(index++, steps.length - 1);
    onRequest(step);
    const wanted = evidence[step];
    const said = lastOutput(request);
    if (wanted !== undefined && !wanted.test(said)) {
      return { status: 400, body: JSON.stringify({ error: { message: `not what was expected: ${said}` } }) };
    }
    return steps[step] as Step;
  };
}

function lastOutput({ body }: ScriptedRequest): string {
  const input = body.input as readonly { readonly output?: unknown }[];
  return String(input.findLast(({ output }) => output !== undefined)?.output ?? "");
}
