// A key that comes back is overwritten wherever it stands, however it is cut, and nothing else waits.

import assert from "node:assert/strict";
import { test } from "node:test";
import { EchoMask } from "../../hardening/echo-mask.ts";
import { native } from "../../hardening/native.ts";
import type { Secret } from "../../hardening/secret.ts";

function maskFor(key: string): EchoMask {
  const bytes = Buffer.from(key);
  const maskEcho = (data: Uint8Array) => {
    const found = native.maskEcho(bytes, data);
    return { heldBytes: found % 65_536, isFound: found >= 65_536 };
  };
  return new EchoMask({ bytes, maskEcho } as unknown as Secret);
}

/** What comes out for each chunk, and at the end. */
function pass(key: string, chunks: readonly string[]): { out: string[]; hasMasked: boolean } {
  const mask = maskFor(key);
  const out = chunks.map((chunk) => mask.push(Buffer.from(chunk)).toString());
  out.push(mask.end()?.toString() ?? "");
  return { out, hasMasked: mask.hasMasked };
}

test("a key in one chunk, twice in a row, at both ends", () => {
  assert.deepEqual(pass("sk-1", ["a sk-1 b "]), { out: ["a **** b ", ""], hasMasked: true });
  assert.deepEqual(pass("sk-1", ["sk-1sk-1"]), { out: ["********", ""], hasMasked: true });
});

test("a key over two and over many chunks", () => {
  assert.deepEqual(pass("sk-1", ["a s", "k-1 b "]), { out: ["a ", "**** b ", ""], hasMasked: true });
  assert.deepEqual(pass("sk-1", ["s", "k", "-", "1", "!"]), {
    out: ["", "", "", "****", "!", ""],
    hasMasked: true,
  });
});

test("a tail of characters that keys are made of waits for the next chunk, and for the end at most", () => {
  assert.deepEqual(pass("sk-1", ["my tasks", " done."]), {
    out: ["my ", "tasks ", "done."],
    hasMasked: false,
  });
  assert.deepEqual(pass("sk-1", ["task sk-"]), { out: ["task ", "sk-"], hasMasked: false });
});

test("what waits is the same whatever the key: nobody learns by it how much of the key he has guessed", () => {
  const chunks = [
    "guess: sk-",
    "\n",
    "guess: sk-1",
    "\n",
    "guess: xx-1",
    "\n",
    `${"a".repeat(20_000)}`,
    "\n",
  ];
  const lengths = (key: string) => pass(key, chunks).out.map((text) => text.length);
  const ofNoKey = lengths("q");
  // The control: a rule that holds back what this key begins with gives another pattern for each.
  const control = (key: string) =>
    chunks.map((chunk) => {
      for (let held = key.length - 1; held > 0; held--) if (chunk.endsWith(key.slice(0, held))) return held;
      return 0;
    });
  for (const key of ["sk-1234", "sk-9999", "xx-1000", "sk-".padEnd(4096, "z")]) {
    assert.deepEqual(lengths(key), ofNoKey, key);
    assert.notDeepEqual(control(key), control("q"), "the control tells them apart");
  }
});

test("any other chunk passes at once and unchanged, in the same memory", () => {
  const chunk = Buffer.from("data: {}\n\n");
  assert.equal(maskFor("sk-1").push(chunk), chunk);
});

test("however a text is cut, the result is that of the whole", () => {
  // An alphabet so small that prefixes of the key overlap one another.
  let state = 7;
  const random = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
  const letters = (count: number) => Array.from({ length: count }, () => "ab"[random(2)]).join("");
  for (let round = 0; round < 3000; round++) {
    const key = letters(1 + random(6));
    const text = letters(random(40));
    const chunks: string[] = [];
    for (let at = 0; at < text.length; ) {
      const next = at + 1 + random(5);
      chunks.push(text.slice(at, next));
      at = next;
    }
    const expected = text.replaceAll(key, "*".repeat(key.length));
    const { out, hasMasked } = pass(key, chunks);
    assert.deepEqual(
      { text: out.join(""), hasMasked },
      { text: expected, hasMasked: text.includes(key) },
      `${key} in ${chunks.join("|")}`,
    );
  }
});
