// Server info for any process: one line of JSON that reads back as it was, and that the janitor takes
// for the file of that process and of no other.

import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { claimOf, type ServerInfo, writeServerInfo } from "../../proxy/server-info.ts";
import { compileNativeFunction, type NativeFunction } from "./native-function.ts";
import { fc, runsOfPrograms } from "./settings.ts";

let isWrittenBy: NativeFunction;
let folder: string;
before(() => {
  isWrittenBy = compileNativeFunction("janitor");
  folder = fs.mkdtempSync(join(tmpdir(), "codex-property-"));
});
after(() => {
  isWrittenBy.remove();
  fs.rmSync(folder, { recursive: true });
});

const info: fc.Arbitrary<ServerInfo> = fc.record(
  {
    port: fc.integer({ min: 1, max: 65_535 }),
    pid: fc.integer({ min: 1, max: 4_194_304 }),
    started_at: fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    start_ticks: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    boot_id: fc.uuid(),
    pid_namespace: fc.integer({ min: 1 }).map((inode) => `pid:[${inode}]`),
    version: fc.constantFrom("0.1.0", "10.20.30-rc.1"),
  },
  { noNullPrototype: true },
);

test("the file reads back as what was written, the janitor knows it by pid and start, and it goes away", () => {
  const name = fc.string({ minLength: 1, maxLength: 56 }).filter((text) => !/[/\0]|^\.{1,2}$/.test(text));
  fc.assert(
    fc.property(info, name, fc.integer({ min: 1 }), (info, name, other) => {
      const file = join(folder, name);
      const remove = writeServerInfo(file, info, fs.openSync(claimOf(file), "w+"));
      const text = fs.readFileSync(file, "utf8");
      assert.match(text, /^[^\n]*\n$/);
      assert.deepEqual(JSON.parse(text), info);
      const isBy = (pid: number, ticks: number) =>
        isWrittenBy.call([folder, name, String(pid), String(ticks)]) === "1";
      assert.ok(isBy(info.pid, info.start_ticks as number));
      assert.ok(!isBy(info.pid + other, info.start_ticks as number));
      assert.ok(!isBy(info.pid, (info.start_ticks as number) - 1));
      remove();
      assert.deepEqual(fs.readdirSync(folder), []);
    }),
    { numRuns: runsOfPrograms },
  );
});
