// The parsers of replies that hold a token: what they take, what they refuse, and that they agree with
// JSON.parse on whatever they take, also of texts that were damaged at random.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { native } from "../../hardening/native.ts";

const slotBytes = 64;

/** Take `value` out of a text; what the slot holds then, or why not. */
function take(text: string | Buffer): string {
  const slot = Buffer.alloc(slotBytes, "x");
  const taken = native.takeToken(Buffer.from(text as string, "latin1"), "value", slot);
  if ("failure" in taken) {
    assert.deepEqual(slot, Buffer.alloc(slotBytes), "a slot without a token is zeroed");
    return taken.failure;
  }
  assert.deepEqual(slot.subarray(taken.length), Buffer.alloc(slotBytes - taken.length));
  return slot.toString("latin1", 0, taken.length);
}

describe("a token is taken", () => {
  const cases: [string, string, string][] = [
    ["as the only member", '{"value":"a.b_c-d"}', "a.b_c-d"],
    ["among others, of any kind", '{"a":[1,{"value":"no"}],"b":null,"value":"t","c":-1.5e+3}', "t"],
    ["with blanks in between", ' {\r\n\t"value" : "t" } \n', "t"],
    ["as long as the slot", `{"value":"${"k".repeat(slotBytes)}"}`, "k".repeat(slotBytes)],
    ["beside strings with escapes and bytes over 127", '{"e":"\\u00e9\\n\\"\xff","value":"t"}', "t"],
  ];
  for (const [name, text, token] of cases) test(name, () => assert.equal(take(text), token));
});

describe("no token is taken", () => {
  const deep = (levels: number) => `{"a":${"[".repeat(levels)}${"]".repeat(levels)},"value":"t"}`;
  const cases: [string, string, string][] = [
    ["where the member is missing", '{"other":"t"}', "NO_TOKEN"],
    ["from an object below the top", '{"a":{"value":"t"}}', "NO_TOKEN"],
    ["where it is a number", '{"value":7}', "NO_TOKEN"],
    ["where it is null", '{"value":null}', "NO_TOKEN"],
    ["where it is empty", '{"value":""}', "NO_TOKEN"],
    ["where it comes twice", '{"value":"t","value":"t"}', "MALFORMED"],
    ["where a name could be it in disguise", '{"v\\u0061lue":"t"}', "MALFORMED"],
    ["with an escape in it", '{"value":"a\\/b"}', "BAD_CHARACTER"],
    ["with a blank in it", '{"value":"a b"}', "BAD_CHARACTER"],
    ["with a line end in it", '{"value":"a\nb"}', "MALFORMED"],
    ["with NUL in it", '{"value":"a\0b"}', "MALFORMED"],
    ["with a byte over 127 in it", '{"value":"a\xe9"}', "BAD_CHARACTER"],
    ["one byte longer than the slot", `{"value":"${"k".repeat(slotBytes + 1)}"}`, "TOO_LARGE"],
    ["from nothing", "", "MALFORMED"],
    ["from an array", '["value"]', "MALFORMED"],
    ["from a string", '"value"', "MALFORMED"],
    ["from an object that is cut", '{"value":"t"', "MALFORMED"],
    ["from two objects", '{"value":"t"}{}', "MALFORMED"],
    ["behind a byte order mark", '\xef\xbb\xbf{"value":"t"}', "MALFORMED"],
    ["with a comma too many", '{"value":"t",}', "MALFORMED"],
    ["with a comment", '{"value":"t"/**/}', "MALFORMED"],
    ["beside a number with a leading zero", '{"value":"t","a":01}', "MALFORMED"],
    ["beside a number that is none", '{"value":"t","a":NaN}', "MALFORMED"],
    ["beside half an escape", '{"value":"t","a":"\\u12"}', "MALFORMED"],
    ["from more than 16 levels", deep(16), "MALFORMED"],
  ];
  for (const [name, text, failure] of cases) test(name, () => assert.equal(take(text), failure));
  test("from 16 levels it is", () => assert.equal(take(deep(15)), "t"));
});

test("what is said of types and times is exact", () => {
  const facts = (members: string) => {
    const taken = native.takeToken(Buffer.from(`{"value":"t",${members}}`), "value", Buffer.alloc(8));
    assert.ok(!("failure" in taken));
    return [taken.tokenType, taken.issuedType, taken.expiresIn, taken.expiresAt];
  };
  const accessToken = "urn:ietf:params:oauth:token-type:access_token";
  assert.deepEqual(facts(`"token_type":"bEARER","issued_token_type":"${accessToken}","expires_in":3600`), [
    "right",
    "right",
    3600,
    -1,
  ]);
  assert.deepEqual(facts('"token_type":"mac","issued_token_type":"x","expires_in":"1","expires_at":1.5'), [
    "wrong",
    "wrong",
    -2,
    -2,
  ]);
  assert.deepEqual(facts('"token_type":1,"expires_in":-1,"expires_at":null'), ["wrong", "absent", -2, -1]);
  assert.deepEqual(facts('"expires_in":1e3,"expires_at":1234567890123456'), ["absent", "absent", -2, -2]);
});

test("a slot that lies in the reply itself takes the token all the same", () => {
  for (const at of [0, 10, 40]) {
    const memory = Buffer.alloc(200);
    memory.write('{"first":"member","value":"the.token","expires_in":60}', 5);
    const taken = native.takeToken(memory.subarray(5, 59), "value", memory.subarray(at, at + 100));
    assert.ok(!("failure" in taken));
    assert.deepEqual(
      [memory.toString("latin1", at, at + taken.length), taken.expiresIn, memory.indexOf("value", at)],
      ["the.token", 60, -1],
    );
  }
});

test("of a refusal only a code of letters is shown", () => {
  const code = (text: string) => native.errorCodeOf(Buffer.from(text));
  assert.deepEqual(
    ['{"error":"invalid_grant"}', '{"error":"eyJ0.x"}', '{"error":{"code":"x"}}', "no JSON", "{}"].map(code),
    ["invalid_grant", "", "", "", ""],
  );
  assert.equal(code(`{"error":"${"a".repeat(41)}"}`), "");
});

// xorshift32, so that a failure can be repeated.
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

test("whatever is taken of 200,000 damaged texts is what JSON.parse finds there", () => {
  const originals = [
    '{"count":1,"value":"aB.c","x":{"y":[true,false,null,1.5e-3,"\\u0041\\\\"]}}',
    '{"value":"t","value2":"u","expires_in":3600,"token_type":"Bearer"}',
    '[{"value":"t"}]',
  ];
  const alphabet = '{}[]":,\\u0041value truefalsn.-+eE\n\t\0/9';
  const next = random(20_261_122);
  let taken = 0;
  for (let i = 0; i < 200_000; i++) {
    let text = originals[next(originals.length)] as string;
    for (let damages = 1 + next(3); damages > 0; damages--) {
      const at = next(text.length + 1);
      const piece = next(3) === 0 ? "" : (alphabet[next(alphabet.length)] as string);
      text = text.slice(0, at) + piece + text.slice(at + next(3));
    }
    const found = take(text);
    if (found === "MALFORMED") continue;
    const parsed = JSON.parse(text);
    if (["NO_TOKEN", "BAD_CHARACTER", "TOO_LARGE"].includes(found)) continue;
    taken++;
    assert.equal(parsed.value, found, text);
  }
  assert.ok(taken > 10_000, `only ${taken} were well-formed`);
});

describe("an HTTP reply", () => {
  const read = (text: string, atEnd = false): string => {
    const bytes = Buffer.from(text, "latin1");
    const { state, status, start, length } = native.readHttpReply(bytes, atEnd);
    return state === "whole" ? `${status} ${bytes.toString("latin1", start, start + length)}` : state;
  };
  const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

  const whole: [string, string, string][] = [
    ["with a length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "200 hi"],
    ["of HTTP/1.0, without a phrase", "HTTP/1.0 200\r\ncontent-length:2\r\n\r\nhi", "200 hi"],
    [
      "in chunks",
      `${chunked}1\r\nh\r\n00A;ext=1\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n`,
      "200 h0123456789",
    ],
    ["with an empty body", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "204 "],
    [
      "behind interim ones",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\nHTTP/1.1 400 No\r\nContent-Length: 1\r\n\r\nx",
      "400 x",
    ],
  ];
  for (const [name, text, expected] of whole) {
    test(`${name} is taken when its last byte is there, and not before`, () => {
      for (let at = 0; at < text.length; at++) {
        assert.equal(read(text.slice(0, at)), "incomplete", `${at}`);
        assert.equal(read(text.slice(0, at), true), "malformed", `${at}`);
      }
      assert.equal(read(text), expected);
    });
  }

  test("without a length ends with its connection", () => {
    const text = "HTTP/1.1 200 OK\r\n\r\nhi";
    assert.deepEqual([read(text), read(text, true)], ["incomplete", "200 hi"]);
  });

  const malformed: [string, string][] = [
    ["another protocol", "HTTP/2 200\r\n\r\n"],
    ["a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"],
    ["a status below 100", "HTTP/1.1 099 OK\r\n\r\n"],
    ["a bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"],
    ["a header without a colon", "HTTP/1.1 200 OK\r\nx\r\n\r\n"],
    ["a blank before a colon", "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n"],
    ["a folded line", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n"],
    ["a list of lengths", "HTTP/1.1 200 OK\r\nContent-Length: 0, 0\r\n\r\n"],
    ["a length with a sign", "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx"],
    ["a length in hex", "HTTP/1.1 200 OK\r\nContent-Length: a\r\n\r\n0123456789"],
    ["no digits for a length", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n"],
    ["a length beyond any buffer", "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551617\r\n\r\nx"],
    [
      "a length and a coding",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ["another coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"],
    [
      "chunked twice",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ["a chunk without a size", `${chunked}\r\nx`],
    ["a chunk with a size that is none", `${chunked}g\r\nx\r\n`],
    ["a chunk longer than it says", `${chunked}1\r\nxy\r\n0\r\n\r\n`],
    ["a chunk size beyond any buffer", `${chunked}fffffffffffffffe\r\nx\r\n0\r\n\r\n`],
    ["bytes behind its length", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy"],
    ["bytes behind its last chunk", `${chunked}0\r\n\r\nx`],
    ["another protocol to switch to", "HTTP/1.1 101 Switching\r\n\r\n"],
  ];
  for (const [name, text] of malformed) {
    test(`with ${name} is malformed`, () => assert.equal(read(text), "malformed"));
  }
});
