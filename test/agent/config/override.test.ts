// -c KEY=VALUE.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ConfigError } from "../../../agent/config/errors.ts";
import { mergeLayers, overrideLayer } from "../../../agent/config/layers.ts";
import { parseOverride } from "../../../agent/config/override.ts";
import { emptyTable } from "../../../agent/config/toml.ts";

function treeOf(...raw: readonly string[]): unknown {
  const tree = mergeLayers(raw.map((text) => overrideLayer(parseOverride(text))));
  return JSON.parse(JSON.stringify(tree, (_, value) => (typeof value === "bigint" ? Number(value) : value)));
}

test("the argument is split at the first `=`, both sides trimmed, the value read as TOML or else as text", () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ["model=o3", { model: "o3" }],
    ['model="o3"', { model: "o3" }],
    [' model = "o3" ', { model: "o3" }],
    ["model='\"o3'", { model: '"o3' }],
    ["model='\"o3", { model: "o3" }],
    ["model=", { model: "" }],
    ["a.b=1=2", { a: { b: "1=2" } }],
    ["x=true", { x: true }],
    ["x=True", { x: "True" }],
    ["x=1_000", { x: 1000 }],
    ['a=["b"]', { a: ["b"] }],
    ["a={b=1}", { a: { b: 1 } }],
    ['a={"b":1}', { a: '{"b":1}' }],
    ["a..b=1", { a: { "": { b: 1 } } }],
    ['a."b.c"=1', { a: { '"b': { 'c"': 1 } } }],
    ["model=a\nprofile='x'", { model: "a\nprofile='x" }],
    ["model='a'\nprofile='x'", { model: "a" }],
  ];
  assert.deepEqual(
    cases.map(([raw]) => [raw, treeOf(raw)]),
    cases,
  );
});

test("later overrides win, missing tables are made and a plain value in the way gives place to a table", () => {
  assert.deepEqual(treeOf("a=1", "a.b=2", "a.c=3", "a.b=4"), { a: { b: 4, c: 3 } });
});

test("an override without `=` or without a key is refused in the words of the original", () => {
  for (const [raw, message] of [
    ["foo", "Invalid override (missing '='): foo"],
    ["", "Invalid override (missing '='): "],
    ["sk-proj-0123456789", "Invalid override (missing '='): *****"],
    ["=sk-proj-0123456789", "Empty key in override: =*****"],
    ["=x", "Empty key in override: =x"],
    ["  =x", "Empty key in override:   =x"],
  ] as const) {
    assert.throws(() => parseOverride(raw), { name: "ConfigError", message });
  }
});

test("no argument whatever does anything but set values or throw one of the documented errors", () => {
  const codes = new Set([
    "CONFIG_OVERRIDE_WITHOUT_EQUALS",
    "CONFIG_OVERRIDE_WITHOUT_KEY",
    "CONFIG_OVERRIDE_TOO_DEEP",
  ]);
  const pieces = fc.constantFrom(
    "=",
    ".",
    "__proto__",
    "[",
    "{",
    '"',
    "'",
    "\n",
    "constructor",
    "a",
    "1",
    "#",
  );
  const arguments_ = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(pieces, { maxLength: 20 }).map((parts) => parts.join("")),
    fc.tuple(fc.nat(5000), pieces).map(([count, piece]) => `a${piece.repeat(count)}=${piece.repeat(count)}`),
  );
  fc.assert(
    fc.property(arguments_, (raw) => {
      try {
        mergeLayers([overrideLayer(parseOverride(raw))]);
      } catch (error) {
        assert.ok(error instanceof ConfigError && codes.has(error.code), String(error));
      }
      assert.equal(({} as { x?: unknown }).x, undefined);
    }),
    { numRuns: 2000 },
  );
});

test("__proto__ and constructor are keys like others and change no object but the tree", () => {
  const tree = mergeLayers(
    ["__proto__.polluted=1", "constructor.prototype.polluted=1", "a.__proto__.polluted=1"].map((raw) =>
      overrideLayer(parseOverride(raw)),
    ),
  );
  assert.deepEqual(
    { proto: Object.getPrototypeOf(tree), keys: Object.keys(tree), plain: ({} as { polluted?: 1 }).polluted },
    { proto: null, keys: ["__proto__", "constructor", "a"], plain: undefined },
  );
  assert.equal((emptyTable() as { polluted?: unknown }).polluted, undefined);
});
