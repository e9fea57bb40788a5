// The slots of workload identity: a token that was replaced is zeroed, and not before the last write
// that needs it. In a child process each, as the request token is read from its stdin.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const modulePath = fileURLToPath(new URL("../../hardening/workload-tokens.js", import.meta.url));

/** Run a script that has `tokens`, and `reply(member, token)` for a JSON body in their reply memory. */
function run(script: string, input = "request.token\n"): { result: unknown; stderr: string } {
  const prelude = `
    const { WorkloadTokens } = await import(${JSON.stringify(modulePath)});
    const text = (bytes) => Buffer.from(bytes).toString("latin1");
    const isZero = (bytes) => bytes.every((byte) => byte === 0);
    let tokens;
    try { tokens = new WorkloadTokens(); } catch (error) { console.log(JSON.stringify(error.message)); process.exit(0); }
    const reply = (member, token) => {
      const memory = tokens.replyMemory();
      const body = Buffer.from(JSON.stringify({ [member]: token, token_type: "Bearer", expires_in: 60 }));
      memory.set(body, 1000);
      return memory.subarray(1000, 1000 + body.length);
    };
    const renew = (token) => {
      const taken = tokens.takeAccessToken(reply("access_token", token), "access_token");
      tokens.useAccessToken();
      tokens.endExchange();
      return taken;
    };`;
  const args = ["--input-type=module", "-e", `${prelude}\n${script}`];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", input });
  return { result: stdout === "" ? undefined : JSON.parse(stdout), stderr };
}

test("request token, JWT and access token are each what was read, and the JWT is zeroed at the end", () => {
  const { result, stderr } = run(`
    const taken = tokens.takeSubjectToken(reply("value", "the.jwt"), "value");
    const during = [text(tokens.requestToken), text(tokens.subjectToken), isZero(tokens.replyMemory())];
    const jwt = tokens.subjectToken;
    renew("the.access-token");
    console.log(JSON.stringify([taken.length, during, text(tokens.secret.bytes), isZero(jwt), tokens.subjectToken.length]));`);
  assert.deepEqual(result, [7, ["request.token", "the.jwt", true], "the.access-token", true, 0], stderr);
});

test("tokens as long as a slot fit in either slot, and longer ones are refused", () => {
  const { result, stderr } = run(`
    const longest = ["a", "b", "c"].map((letter) => letter.repeat(8192));
    const lengths = longest.map((token) => renew(token).length);
    const failures = [
      tokens.takeAccessToken(reply("access_token", "d".repeat(8193)), "access_token"),
      tokens.takeSubjectToken(reply("value", "e".repeat(4097)), "value"),
    ].map(({ failure }) => failure);
    tokens.endExchange();
    console.log(JSON.stringify([lengths, failures, text(tokens.secret.bytes) === longest[2], text(tokens.requestToken)]));`);
  assert.deepEqual(result, [[8192, 8192, 8192], ["TOO_LARGE", "TOO_LARGE"], true, "request.token"], stderr);
});

test("a token that was replaced is zeroed at once where no write needs it", () => {
  const { result, stderr } = run(`
    renew("first");
    const first = tokens.secret.bytes;
    renew("second");
    console.log(JSON.stringify([isZero(first), text(tokens.secret.bytes)]));`);
  assert.deepEqual(result, [true, "second"], stderr);
});

test("a token that is being written stays whole until its last write is done, and nothing takes its place", () => {
  const { result, stderr } = run(`
    renew("first");
    const first = tokens.secret.bytes;
    const [one, two] = [tokens.secret.hold(), tokens.secret.hold()];
    renew("second");
    const held = [text(first), tokens.replyMemory() === undefined];
    one();
    one(); // a write that reports twice counts once
    const stillHeld = text(first);
    two();
    console.log(JSON.stringify([...held, stillHeld, isZero(first), tokens.replyMemory() !== undefined]));`);
  assert.deepEqual(result, ["first", true, "first", true, true], stderr);
});

test("an exchange that fails leaves the token in use and zeroes the rest", () => {
  const { result, stderr } = run(`
    renew("first");
    tokens.takeSubjectToken(reply("value", "the.jwt"), "value");
    tokens.takeAccessToken(reply("access_token", "never-used"), "access_token");
    const memory = tokens.replyMemory();
    tokens.endExchange();
    console.log(JSON.stringify([text(tokens.secret.bytes), isZero(memory), text(tokens.requestToken)]));`);
  assert.deepEqual(result, ["first", true, "request.token"], stderr);
});

test("wiping zeroes every token", () => {
  const { result, stderr } = run(`
    renew("first");
    const views = [tokens.requestToken, tokens.secret.bytes];
    tokens.secret.wipe();
    console.log(JSON.stringify(views.map(isZero)));`);
  assert.deepEqual(result, [true, true], stderr);
});

describe("a request token is refused", () => {
  const cases: [string, string, string][] = [
    ["that is missing", "\n", "stdin holds none"],
    ["with a character that none has", "secret token\n", "it holds a character that none has"],
    ["of more than 4096 bytes", "s".repeat(4097), "it has more than 4096 bytes"],
    ["of more than its memory", "s".repeat(20_000), "it has more than 4096 bytes"],
    ["with something behind it", "secret\nsecond\n", "only line ends may follow it"],
  ];
  for (const [name, input, reason] of cases) {
    test(name, () => {
      assert.equal(
        run("console.log('null')", input).result,
        `invalid workload identity bearer credential (${reason})`,
      );
    });
  }
});
