// Every protection with an attack that was tried: against a proxy without protections, where it
// succeeds, and against ours. Prints the table of all of them at the end.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { crashRows } from "./rows/crashes.ts";
import { debuggingRows } from "./rows/debugging.ts";
import { environmentRows } from "./rows/environment.ts";
import { fileRows } from "./rows/files.ts";
import { insideRows, rootOnLeftovers } from "./rows/inside.ts";
import { memoryRows } from "./rows/memory.ts";
import { startRows } from "./rows/start.ts";
import { publishTable, testRows } from "./table.ts";
import { holdsKey, World } from "./world.ts";

const skip = process.platform !== "linux" && "the attacks are written for Linux";
const world = new World();

before(() => world.open());
after(async () => {
  await world.close();
  publishTable();
});

testRows("reading the process", memoryRows, () => world, skip);
testRows("debugging the process", debuggingRows, () => world, skip);
testRows("starting the process", startRows, () => world, skip);
testRows("planting and replacing files", fileRows, () => world, skip);
testRows("crashing the process", crashRows, () => world, skip);
testRows("the environment of the starter", environmentRows, () => world, skip);

testRows("inside the process", insideRows, () => world, skip);
testRows("what the process leaves in memory and swap", rootOnLeftovers, () => world, skip);

test("the proxy that stood through all of this still serves", {
  skip: skip || world.skipReason("same uid"),
}, async () => {
  assert.equal(await world.use(await world.standing("proxy")), 200);
});

test("nothing that a proxy under attack has said or left behind holds the key", { skip }, () => {
  const found: string[] = [];
  let count = 0;
  for (const { name, content } of world.leftBehind()) {
    count++;
    if (holdsKey(content)) found.push(name);
  }
  assert.deepEqual(found, []);
  assert.ok(count > 0, "something was searched");
});
