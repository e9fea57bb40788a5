// Folders that are made on the way to a file of ours, while somebody else makes them too.

import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { compileNativeFunction, type NativeFunction } from "./native-function.ts";

let folder: string;
let ownPath: NativeFunction;

before(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-own-path-"));
  ownPath = compileNativeFunction("own-path");
});
after(() => {
  fs.rmSync(folder, { recursive: true });
  ownPath.remove();
});

test("a link that another user puts where a folder is about to be made is refused, and nothing made behind it", {
  skip: process.geteuid?.() === 0 ? false : "needs root, to make another user's link",
}, () => {
  const shared = join(folder, "shared");
  fs.mkdirSync(shared);
  fs.chmodSync(shared, 0o1777);
  const target = join(folder, "target");
  fs.mkdirSync(target);
  const said = ownPath.call([join(shared, "a", "b"), target, "60002"]);
  assert.deepEqual([said, fs.readdirSync(target)], [`${join(shared, "a")} belongs to another user`, []]);
  // The control: the same link, were it root's, would be followed.
  fs.rmSync(join(shared, "a"));
  assert.match(ownPath.call([join(shared, "a", "b"), target, "0"]) ?? "", /is taken$/);
});
