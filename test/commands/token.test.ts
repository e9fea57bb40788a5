// `token`: made once, kept as a hash, and taken back without a restart.

import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { digestOf, parseClientTokens } from "../../proxy/access/client-token.ts";
import { type MockUpstream, startMockUpstream } from "../mock/upstream.ts";
import { asOtherUser, quietUser, runProxy, skipWithoutOtherUser, startProxy } from "../proxy-process.ts";
import { isWhole, rawPost, sendRaw } from "../raw-http.ts";

let folder: string;
let file: string;

before(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-token-"));
  fs.chmodSync(folder, 0o755);
  file = join(folder, "tokens");
});
after(() => fs.rmSync(folder, { recursive: true }));

const token = (...args: string[]) => runProxy({ args: ["token", ...args] });

test("new prints a token on stdout and its line on stderr, each time another", async () => {
  const first = await token("new", "alice", "--uid", "1000", "--expires", "2099-12-31");
  const second = await token("new", "alice");
  assert.equal(first.code, 0);
  assert.match(first.stdout, /^cxp_[A-Za-z0-9_-]{43}\n$/);
  assert.notEqual(first.stdout, second.stdout);
  assert.deepEqual(parseClientTokens(first.stderr), [
    { name: "alice", digest: digestOf(first.stdout.trim()), uid: 1000, expiresAtMs: Date.UTC(2099, 11, 31) },
  ]);
});

test("new --file makes a private file, appends to it, and leaves what is there", async () => {
  await token("new", "alice", "--file", file);
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  fs.appendFileSync(file, "# no line end");
  const bob = await token("new", "bob", "--file", file, "--expires", "90d");
  assert.deepEqual([bob.code, bob.stderr], [0, ""]);
  const [first, second] = parseClientTokens(fs.readFileSync(file, "utf8"));
  assert.deepEqual(
    [first?.name, second?.name, second?.digest],
    ["alice", "bob", digestOf(bob.stdout.trim())],
  );
  const days = ((second?.expiresAtMs ?? 0) - Date.now()) / 86_400_000;
  assert.ok(days > 89.9 && days <= 90.1, String(days));
});

test("new refuses a name that is taken, and prints no token then", async () => {
  const { code, stdout, stderr } = await token("new", "alice", "--file", file);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /line 4: the same name as in line 1/);
});

test("several at a time lose none", async () => {
  const many = join(folder, "many");
  await Promise.all(Array.from({ length: 8 }, (_, i) => token("new", `n${i}`, "--file", many)));
  assert.equal(parseClientTokens(fs.readFileSync(many, "utf8")).length, 8);
});

test("bad usage exits 2 and repeats no value", async () => {
  for (const args of [
    ["new", "a/b"],
    ["new", "alice", "--expires", "yesterday"],
    ["new", "alice", "--expires", "2020-01-01"],
    ["new", "alice", "--uid", "bob"],
    ["reload", "--client-tokens", "x", "--server-info", "a", "--admin-socket", "b"],
    [],
  ]) {
    const { code, stdout, stderr } = await token(...args);
    const isFile = args[0] === "reload";
    assert.deepEqual([code, stdout], [isFile ? 1 : 2, ""], stderr);
    assert.match(stderr, /^codex: error: .*\ncodex: hint: .*\n$/);
  }
});

test("reload takes a token back while the proxy runs, for root and the starter alone", async () => {
  const upstream: MockUpstream = await startMockUpstream();
  const list = join(folder, "list");
  const admin = join(folder, "admin.sock");
  const audit = join(folder, "audit");
  const alice = (await token("new", "alice", "--file", list)).stdout.trim();
  const proxy = await startProxy({
    args: [
      ...[...quietUser, "--upstream-url", upstream.url],
      ...["--client-tokens", list, "--admin-socket", admin, "--admin-socket-mode", "0666"],
      ...["--audit-log", audit],
    ],
  });
  const status = async (value: string) => {
    const bytes = rawPost({ headers: [`X-Codex-Proxy-Token: ${value}`] });
    return (await sendRaw(proxy.port, bytes, { until: isWhole })).status;
  };
  const reload = (...through: string[]) =>
    runProxy({ args: ["token", "reload", "--admin-socket", admin, "--client-tokens", list], through });

  assert.equal(await status(alice), 200);
  fs.writeFileSync(list, "");
  const bob = (await token("new", "bob", "--file", list)).stdout.trim();
  assert.deepEqual([await status(alice), await status(bob)], [200, 403], "not before it is told");

  if (skipWithoutOtherUser === false) {
    fs.chmodSync(list, 0o644);
    const foreign = join(folder, "foreign");
    fs.writeFileSync(foreign, "");
    fs.chownSync(foreign, 60_001, 60_001);
    const refused = await runProxy({
      args: ["token", "reload", "--admin-socket", admin, "--client-tokens", foreign],
      through: [...asOtherUser],
    });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /this is for root and for the user who started the proxy/);
    assert.equal(await status(alice), 200);
  }

  const done = await reload();
  assert.deepEqual([done.code, done.stdout], [0, "1 client token is in use\n"], done.stderr);
  assert.deepEqual([await status(alice), await status(bob)], [403, 200]);

  fs.appendFileSync(list, "carol not-a-hash\n");
  const bad = await reload();
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /line 2: the second field is not a SHA-256/);
  assert.equal(await status(bob), 200, "what was there stays in use");
  const records = fs
    .readFileSync(audit, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const onRecord = records.filter(({ event }) => event === "tokens");
  assert.deepEqual(
    onRecord.map(({ uid, tokens }) => ({ uid, tokens })),
    [{ uid: process.geteuid?.(), tokens: 1 }],
  );
  await proxy.stop();
  await upstream.close();
});
