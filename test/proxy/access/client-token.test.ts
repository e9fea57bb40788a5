// The file of client tokens and the tokens themselves, without a proxy around them.

import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  digestOf,
  formatClientToken,
  makeClientToken,
  maxClientTokens,
  parseClientTokens,
} from "../../../proxy/access/client-token.ts";
import { ClientTokens, tokenHeader } from "../../../proxy/access/token-check.ts";
import { readClientTokens } from "../../../proxy/access/token-file.ts";

const token = makeClientToken();
const hash = digestOf(token).toString("hex");
const other = digestOf("other").toString("hex");

describe("the file", () => {
  test("has a token a line, with comments, blank lines and any line end", () => {
    const text = `# who may\n\n  alice ${hash}\r\nci-2\t${other.toUpperCase()}  uid=1000 expires=2027-01-31T12:00:00Z # for CI\n`;
    assert.deepEqual(parseClientTokens(text), [
      { name: "alice", digest: digestOf(token) },
      { name: "ci-2", digest: digestOf("other"), uid: 1000, expiresAtMs: Date.UTC(2027, 0, 31, 12) },
    ]);
  });

  test("is what formatting gives", () => {
    for (const entry of [
      { name: "a", digest: digestOf("x") },
      { name: "b@host", digest: digestOf("y"), uid: 0, expiresAtMs: Date.UTC(2027, 1, 28) },
    ]) {
      assert.deepEqual(parseClientTokens(formatClientToken(entry)), [entry]);
    }
  });

  const bad: readonly (readonly [string, string, RegExp])[] = [
    ["a token in place of its hash", `alice ${token}`, /^line 1: the second field is not a SHA-256/],
    ["a token in place of its name", `${token}=x ${hash}`, /^line 1: a name is 1 to 64/],
    ["a hash that is cut", `\nalice ${hash.slice(1)}`, /^line 2: the second field is not a SHA-256/],
    ["no hash", "alice", /^line 1: the second field/],
    ["a name with a slash", `a/b ${hash}`, /^line 1: a name/],
    [
      "what it does not know",
      `alice ${hash} gid=5`,
      /^line 1: after the hash may follow uid=N and expires=TIME/,
    ],
    ["a uid that is no number", `alice ${hash} uid=bob`, /^line 1: uid is a number/],
    ["a uid that stands for none", `alice ${hash} uid=4294967295`, /^line 1: uid is a number/],
    ["two uids", `alice ${hash} uid=1 uid=2`, /^line 1: after the hash/],
    ["a day that is not", `alice ${hash} expires=2027-02-30`, /^line 1: expires is a UTC time/],
    ["a local time", `alice ${hash} expires=2027-02-03T10:00:00`, /^line 1: expires is a UTC time/],
    ["a name twice", `alice ${hash}\nalice ${other}`, /^line 2: the same name as in line 1/],
    ["a token twice", `alice ${hash}\nbob ${hash}`, /^line 2: the same token as in line 1/],
  ];
  for (const [name, text, message] of bad) {
    test(`is refused for ${name}, by its line, without what stands there`, () => {
      assert.throws(
        () => parseClientTokens(text),
        (error: Error) => message.test(error.message) && !error.message.includes(token.slice(4, 12)),
      );
    });
  }

  test("holds no more tokens than can be compared", () => {
    const lines = Array.from(
      { length: maxClientTokens + 1 },
      (_, i) => `n${i} ${digestOf(String(i)).toString("hex")}`,
    );
    assert.equal(parseClientTokens(lines.slice(1).join("\n")).length, maxClientTokens);
    assert.throws(() => parseClientTokens(lines.join("\n")), /more than 1000 tokens/);
  });
});

describe("reading it", () => {
  let folder: string;
  before(() => {
    folder = fs.mkdtempSync(join(tmpdir(), "tokens-"));
  });
  after(() => fs.rmSync(folder, { recursive: true }));
  const uid = process.geteuid?.();

  const write = (mode: number, text = `alice ${hash}\n`) => {
    const file = join(folder, "tokens");
    fs.rmSync(file, { force: true });
    fs.writeFileSync(file, text);
    fs.chmodSync(file, mode);
    return file;
  };

  test("takes one that others may read and only its owner may write", () => {
    assert.equal(readClientTokens(write(0o644), uid).length, 1);
  });

  test("refuses one that its group or others may write", () => {
    for (const mode of [0o664, 0o646]) {
      assert.throws(() => readClientTokens(write(mode), uid), /its group or others may write it/);
    }
  });

  test("refuses one of another user", { skip: uid !== 0 && "needs root" }, () => {
    const file = write(0o600);
    fs.chownSync(file, 60_003, 60_003);
    assert.throws(() => readClientTokens(file, uid), /it belongs to another user/);
    assert.equal(readClientTokens(file, 60_003).length, 1, "the starter's own");
  });

  test("refuses what is not there, no file, or too long, and names it", () => {
    assert.throws(
      () => readClientTokens(join(folder, "none"), uid),
      /cannot use --client-tokens .*\/none: ENOENT/,
    );
    assert.throws(() => readClientTokens(folder, uid), /it is not a file/);
    assert.throws(() => readClientTokens(write(0o600, "\ufeff# none\n"), uid), /line 1: .*byte order mark/);
  });

  test("in a folder that others may write it is refused, by way of a link too", () => {
    const open = join(folder, "open");
    fs.mkdirSync(open);
    fs.writeFileSync(join(open, "tokens"), "# none\n");
    fs.symlinkSync(join(open, "tokens"), join(folder, "link"));
    assert.equal(readClientTokens(join(folder, "link"), uid).length, 0, "the control");
    fs.chmodSync(open, 0o775);
    for (const path of [join(open, "tokens"), join(folder, "link")]) {
      assert.throws(() => readClientTokens(path, uid), /open can be written by others/);
    }
    fs.chmodSync(open, 0o1777); // as /tmp: nobody can take another's file away there
    assert.equal(readClientTokens(join(open, "tokens"), uid).length, 0);
  });

  test("one that is too large is refused", () => {
    assert.throws(() => readClientTokens(write(0o600, "#".repeat(2 ** 20 + 1)), uid), /larger than 1 MiB/);
  });
});

describe("a request's token", () => {
  let now = 0;
  const tokens = new ClientTokens(
    [
      { name: "alice", digest: digestOf(token) },
      { name: "bound", digest: digestOf("bound"), uid: 1000 },
      { name: "short", digest: digestOf("short"), expiresAtMs: 1000 },
    ],
    () => now,
  );
  const verdict = (rawHeaders: readonly string[], uid?: number): string => {
    try {
      return tokens.nameFor(rawHeaders, uid);
    } catch (error) {
      return (error as Error).message.replace("a client token is wanted: ", "");
    }
  };
  const bearer = (value: string, uid?: number) => verdict(["Authorization", `Bearer ${value}`], uid);

  test("is taken from Authorization or from the header of its own, in any case", () => {
    assert.deepEqual(
      [
        bearer(token),
        verdict(["authorization", `bEARER  ${token}`]),
        verdict([tokenHeader, token]),
        verdict(["X-Codex-Proxy-Token", token]),
      ],
      ["alice", "alice", "alice", "alice"],
    );
  });

  test("counts from the header of its own alone, where that is there", () => {
    assert.equal(verdict(["Authorization", "Bearer sk-dummy", tokenHeader, token]), "alice");
    assert.equal(verdict(["Authorization", `Bearer ${token}`, tokenHeader, "wrong"]), "it is not known");
    assert.equal(verdict(["Authorization", `Bearer ${token}`, tokenHeader, ""]), "it is not known");
  });

  test("is refused in doubt: two of a kind, none, another scheme", () => {
    assert.deepEqual(
      [
        verdict([tokenHeader, token, tokenHeader, token]),
        verdict(["Authorization", `Bearer ${token}`, "Authorization", `Bearer ${token}`]),
        verdict([]),
        verdict(["Authorization", `Basic ${token}`]),
        verdict(["Authorization", token]),
        verdict(["Authorization", `Bearer ${token} x`]),
        verdict(["Authorization", "Bearer "]),
      ],
      [
        "there is more than one x-codex-proxy-token header",
        "there is more than one Authorization header",
        ...Array(5).fill("send one as Authorization: Bearer, or as x-codex-proxy-token"),
      ],
    );
  });

  test("is refused when it is nearly right, or its hash", () => {
    for (const guess of [token.slice(0, -1), `${token}x`, token.toUpperCase(), hash, "x".repeat(10_000)]) {
      assert.equal(bearer(guess), "it is not known");
    }
  });

  test("is bound to its user, and to nobody where the user is not known", () => {
    assert.deepEqual(
      [bearer("bound", 1000), bearer("bound", 1001), bearer("bound")],
      ["bound", "it is bound to another user", "it is bound to another user"],
    );
  });

  test("ends at its time", () => {
    now = 999;
    assert.equal(bearer("short"), "short");
    now = 1000;
    assert.equal(bearer("short"), "it has expired");
  });

  test("can be exchanged, so that one that is left out is refused from then on", () => {
    const some = new ClientTokens([{ name: "alice", digest: digestOf(token) }]);
    assert.equal(some.nameFor([tokenHeader, token], undefined), "alice");
    some.replace([{ name: "bob", digest: digestOf("b") }]);
    assert.throws(() => some.nameFor([tokenHeader, token], undefined), /it is not known/);
  });
});
