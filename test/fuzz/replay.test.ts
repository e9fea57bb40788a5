// Every input that fuzzing has kept, once more through its target: the native ones built by the plain
// compiler with the sanitizers where it has them.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { readInputs, unpackInputs } from "./corpus.ts";
import {
  buildNativeTarget,
  type Engine,
  hasSanitizers,
  loadTypeScriptTarget,
  nativeTargets,
  plainCompilers,
  typeScriptTargets,
} from "./targets.ts";

let folder: string;
let engine: Engine;

before(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-fuzz-"));
  engine = hasSanitizers(plainCompilers, folder) ? "replay with sanitizers" : "replay";
  if (engine === "replay") {
    process.stderr.write(
      "\n*** NOT TESTED: the compiler has no sanitizers, so native inputs run without them\n\n",
    );
  }
});

after(() => fs.rmSync(folder, { recursive: true }));

describe("no kept input breaks a native parser:", () => {
  for (const name of nativeTargets) {
    test(name, () => {
      const files = unpackInputs(readInputs(name), join(folder, `${name}-inputs`));
      assert.ok(files.length > 0, "fuzzing has kept no inputs");
      const program = buildNativeTarget(name, plainCompilers, engine, folder);
      const { status, signal, stderr } = spawnSync(program, files, { encoding: "latin1" });
      assert.deepEqual({ status, signal }, { status: 0, signal: null }, stderr.slice(-4000));
    });
  }
});

describe("no kept input breaks a TypeScript parser:", () => {
  for (const name of typeScriptTargets) {
    test(name, async () => {
      const { fuzz, seeds } = await loadTypeScriptTarget(name);
      const inputs = readInputs(name);
      assert.ok(inputs.length > 0, "fuzzing has kept no inputs");
      for (const input of [...inputs, ...seeds.map((text) => Buffer.from(text, "latin1"))]) fuzz(input);
    });
  }
});
