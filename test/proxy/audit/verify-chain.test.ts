// The hash chain of an audit log: whatever is done to the bytes of a log that was written to its end, it is
// found, and the place is named.

import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type ChainHead, chainRecord, chainStart } from "../../../proxy/audit/audit-chain.ts";
import { type VerifyOptions, verifyChain } from "../../../proxy/audit/verify-chain.ts";
import { fc } from "../../properties/settings.ts";

let folder: string;
before(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-chain-"));
});
after(() => fs.rmSync(folder, { recursive: true }));

function writeChain(
  events: readonly string[],
  from: ChainHead = chainStart,
): { lines: string[]; head: ChainHead } {
  let head = from;
  const lines = events.map((event, index) => {
    const next = chainRecord(head, {
      time: `2026-11-22T10:00:0${index}.000Z`,
      event,
      model: "gpt-5",
      n: index,
    });
    head = next.head;
    return `${next.line}\n`;
  });
  return { lines, head };
}

/** What is found in files of these contents. */
function verify(contents: readonly (string | Buffer)[], options?: VerifyOptions): string[] {
  const files = contents.map((content, index) => {
    const file = join(folder, String(index));
    fs.writeFileSync(file, content);
    return file;
  });
  return verifyChain(files, options).findings.map(
    ({ file, line, message }) => `${files.indexOf(file)}:${line}: ${message}`,
  );
}

const { lines, head } = writeChain(["start", "request", "request", "refusals", "request", "end"]);
const log = Buffer.from(lines.join(""));

test("a log that was written to its end is intact, in one file, rotated at any byte, and with its head", () => {
  assert.deepEqual(verify([log]), []);
  assert.deepEqual(verify([log], { head: head.hash }), []);
  for (let at = 0; at <= log.length; at += 7) {
    assert.deepEqual(verify([log.subarray(0, at), log.subarray(at)]), []);
  }
});

test("every change of a single byte is found", () => {
  for (let at = 0; at < log.length; at++) {
    for (const change of [1, 2, 4, 8, 16, 32, 64, 128, 0x0a ^ (log[at] as number)]) {
      if (change === 0) continue;
      const changed = Buffer.from(log);
      changed[at] = (changed[at] as number) ^ change;
      assert.notDeepEqual(verify([changed]), [], `byte ${at} xor ${change}`);
    }
  }
});

test("every byte that is taken out or put in is found", () => {
  for (let at = 0; at < log.length; at++) {
    assert.notDeepEqual(
      verify([Buffer.concat([log.subarray(0, at), log.subarray(at + 1)])]),
      [],
      `byte ${at}`,
    );
    for (const byte of [log[at] as number, 0x0a, 0x20]) {
      const longer = Buffer.concat([log.subarray(0, at), Buffer.from([byte]), log.subarray(at)]);
      assert.notDeepEqual(verify([longer]), [], `byte ${byte} before ${at}`);
    }
  }
});

test("every cut, at any byte, is found", () => {
  for (let at = 0; at < log.length; at++) {
    assert.notDeepEqual(verify([log.subarray(0, at)]), [], `end at ${at}`);
    if (at > 0) assert.notDeepEqual(verify([log.subarray(at)]), [], `begin at ${at}`);
  }
});

test("lines in any other order, or not all of them, or some twice, are found", () => {
  const order = fc.array(fc.nat({ max: lines.length - 1 }), { minLength: 1, maxLength: lines.length + 2 });
  fc.assert(
    fc.property(order, (order) => {
      const isWhole = order.length === lines.length && order.every((value, index) => value === index);
      const found = verify([order.map((index) => lines[index]).join("")]);
      assert.equal(found.length === 0, isWhole);
    }),
    { numRuns: 500 },
  );
});

describe("the place is named", () => {
  const cases: Readonly<Record<string, readonly [contents: string, finding: RegExp]>> = {
    "of a changed record": [log.toString().replace('"n":2', '"n":7'), /^0:3: record 3 was changed/],
    "of a missing record": [lines.toSpliced(2, 1).join(""), /^0:3: records 3 to 3 are missing/],
    "of records that changed places": [
      [0, 2, 1, 3, 4, 5].map((index) => lines[index]).join(""),
      /^0:2: records 2 to 2 are missing before it,0:3: record 2 stands behind record 3/,
    ],
    "of a chain that begins anew": [
      [...lines, ...lines].join(""),
      /^0:7: a new chain begins behind record 6: at that start the log was empty or gone/,
    ],
    "of a line that is no record": [lines.toSpliced(3, 0, "{}\n").join(""), /^0:4: it is no record/],
    "of a missing beginning": [lines.slice(1).join(""), /^0:1: it begins with record 2/],
    "of a missing end": [lines.slice(0, 4).join(""), /^0:4: it has no end/],
    "of a record that is cut": [log.toString().slice(0, -20), /^0:6: it ends in the middle of a record/],
  };
  for (const [what, [contents, finding]] of Object.entries(cases)) {
    test(what, () => assert.match(verify([contents]).join(), finding));
  }
});

test("a cut that leaves a clean end is found by the head alone", () => {
  const more = writeChain(["start", "request", "end"], head);
  assert.deepEqual(verify([log]), []);
  assert.match(
    verify([log], { head: more.head.hash }).join(),
    /^0:6: the record with the hash .* is missing/,
  );
  assert.deepEqual(
    verify([Buffer.concat([log, Buffer.from(more.lines.join(""))])], { head: more.head.hash }),
    [],
  );
});

test("a record computed anew with all that follow is found by the head alone", () => {
  const forged = writeChain(["start", "request", "refusals", "request", "end"]).lines.join("");
  assert.deepEqual(verify([forged]), [], "which is why the head is told elsewhere");
  assert.equal(verify([forged], { head: head.hash }).length, 1);
});

test("a proxy that was killed leaves a start without an end before it, which can be accepted", () => {
  const killed = writeChain(["start", "request"]);
  const next = writeChain(["start", "end"], killed.head);
  const both = [...killed.lines, ...next.lines].join("");
  assert.match(verify([both]).join(), /^0:3: record 3 is a start without an end before it/);
  assert.deepEqual(verify([both], { acceptsKills: true }), []);
});

test("a log whose older files are gone is intact behind the record that is named, and no other", () => {
  const begin = writeChain(["start", "request"]);
  const rest = writeChain(["request", "end"], begin.head);
  assert.deepEqual(verify([rest.lines.join("")], { after: begin.head.hash }), []);
  assert.equal(verify([rest.lines.join("")], { after: head.hash }).length, 1);
});

test("any bytes are read without failing, and are no log", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => assert.notDeepEqual(verify([Buffer.from(bytes)]), [])),
    { numRuns: 300 },
  );
});
