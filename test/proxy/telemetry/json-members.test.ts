// Members of a JSON text on its way: the same as a parser finds in the whole text, wherever it is cut, and
// nothing of what merely looks like one.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JsonMembers, type WantedMembers } from "../../../proxy/telemetry/json-members.ts";
import { RequestModel } from "../../../proxy/telemetry/request-model.ts";
import { fc } from "../../properties/settings.ts";

const wanted: WantedMembers = { model: 0, response: { usage: { input: 1, details: { cached: 2 } } } };

/** What is found when the text comes in pieces of the given lengths, and then one by one. */
function find(text: string, lengths: readonly number[] = []): [number, unknown][] {
  const found: [number, unknown][] = [];
  const members = new JsonMembers(wanted, (slot, value) => found.push([slot, value]));
  let bytes = Buffer.from(text);
  for (const length of lengths) {
    members.push(Buffer.from(bytes.subarray(0, length)));
    bytes = bytes.subarray(length);
  }
  members.push(bytes);
  return found;
}

function modelOf(body: string, pieceBytes = body.length): string | undefined {
  const model = new RequestModel();
  const bytes = Buffer.from(body);
  for (let at = 0; at < bytes.length; at += pieceBytes) model.push(bytes.subarray(at, at + pieceBytes));
  return model.model;
}

test("the members are found that JSON.parse finds, wherever the text is cut", () => {
  const name = fc.constantFrom("model", "response", "usage", "input", "details", "cached", "x", 'a"b\\', "");
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.string({ unit: "binary", maxLength: 60 }),
      fc.constantFrom('{"model":"no"}', '"model":', '\\"', "\\\\", '","usage":{"input":9}'),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(true, false, null),
      fc.array(tie("value"), { maxLength: 4 }),
      fc
        .uniqueArray(fc.tuple(name, tie("value")), { selector: ([key]) => key, maxLength: 5 })
        .map((members) => Object.fromEntries(members) as unknown),
    ),
  }));
  const usage = fc.record({ input: fc.nat(), details: fc.record({ cached: fc.nat(), x: value }), x: value });
  const root = fc.record(
    {
      a: value,
      model: fc.oneof(fc.string(), value),
      response: fc.oneof(value, fc.record({ a: value, usage })),
    },
    { requiredKeys: [] },
  );
  const leaf = (value: unknown) => {
    if (typeof value === "number") return value;
    return typeof value === "string" ? value : undefined;
  };
  fc.assert(
    fc.property(
      root,
      fc.constantFrom(0, 1, "\t"),
      fc.array(fc.integer({ min: 1, max: 9 })),
      (root, indent, cuts) => {
        const text = JSON.stringify(root, null, indent as number);
        const expected: [number, unknown][] = [];
        const walk = (object: unknown, names: WantedMembers) => {
          for (const [name, value] of Object.entries(object as object)) {
            const target = Object.hasOwn(names, name) ? names[name] : undefined;
            if (typeof target === "number") expected.push([target, leaf(value)]);
            else if (
              target !== undefined &&
              value !== null &&
              typeof value === "object" &&
              !Array.isArray(value)
            )
              walk(value, target);
          }
        };
        walk(JSON.parse(text), wanted);
        const found = find(text, cuts);
        assert.deepEqual(
          found.map(([slot, value]) => [slot, typeof value === "string" ? "text" : value]),
          expected.map(([slot, value]) => [slot, typeof value === "string" ? "text" : value]),
        );
        for (const [index, [, value]] of found.entries()) {
          const whole = expected[index]?.[1];
          if (typeof value === "string" && typeof whole === "string" && /^[\x20-\x7e]{0,80}$/.test(whole)) {
            assert.equal(value, whole);
          }
        }
      },
    ),
  );
});

test("no bytes whatever make it throw", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (pieces) => {
      const members = new JsonMembers({ a: 0 }, () => {});
      members.push(Buffer.from("{"));
      for (const piece of pieces) members.push(Buffer.from(piece));
    }),
  );
});

describe("the model of a request", () => {
  const cases: Readonly<Record<string, readonly [body: string, model: string | undefined]>> = {
    "is its top-level member": ['{"input":[{"model":"inner"}],"model":"gpt-5"}', "gpt-5"],
    "is not one in a text": ['{"input":"{\\"model\\":\\"x\\"}","n":"\\\\","a":1}', undefined],
    "is found behind an escaped name": ['{"mod\\u0065l":"hidden"}', "hidden"],
    "is not named twice without notice": ['{"model":"cheap","a":"x","model":"dear"}', "(several)"],
    "is not overridden by an escaped name": ['{"model":"cheap","\\u006dodel":"dear"}', "(several)"],
    "is absent where it is no text": ['{"model":{"model":"x"}}', undefined],
    "is absent in what is no object": ['["model","x"]', undefined],
    "has no control characters": ['{"model":"a\\u001b[31m\\nb\\u009b\u0085"}', "a??31m?b???"],
    "has no quotes": ['{"model":"a\\"b\\\\c"}', "a?b?c"],
  };
  for (const [claim, [body, model]] of Object.entries(cases)) {
    test(claim, () => {
      for (const pieceBytes of [body.length, 1, 3]) assert.equal(modelOf(body, pieceBytes), model);
    });
  }

  test("is short, also where it is sent with a megabyte", () => {
    const long = `{"model":"${"m".repeat(1024 * 1024)}"}`;
    for (const pieceBytes of [long.length, 1000])
      assert.equal(modelOf(long, pieceBytes), `${"m".repeat(63)}~`);
    const escapes = `{"model":"${"\\u006d".repeat(200_000)}"}`;
    assert.equal(modelOf(escapes, 4096), `${"m".repeat(63)}~`);
    assert.equal(modelOf(`{"${"model".repeat(200_000)}":"x"}`), undefined);
  });
});
