// Client tokens against the whole proxy: who sends one is served, and it goes no further.

import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type MockUpstream, startMockUpstream } from "../../mock/upstream.ts";
import {
  quietUser,
  type RunningProxy,
  runProxy,
  skipWithoutOtherUser,
  startProxy,
  testKey,
} from "../../proxy-process.ts";
import { isWhole, rawPost, sendRaw } from "../../raw-http.ts";
import { askAs } from "./clients.ts";

let upstream: MockUpstream;
let folder: string;
let file: string;

before(async () => {
  upstream = await startMockUpstream();
  folder = fs.mkdtempSync(join(tmpdir(), "client-tokens-"));
  fs.chmodSync(folder, 0o755);
  file = join(folder, "tokens");
});

after(async () => {
  await upstream.close();
  fs.rmSync(folder, { recursive: true });
});

async function makeToken(name: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runProxy({ args: ["token", "new", name, "--file", file, ...args] });
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  return stdout.trim();
}

const start = (...args: string[]) =>
  startProxy({ args: [...quietUser, "--upstream-url", upstream.url, "--client-tokens", file, ...args] });

const ask = async (port: number, ...headers: string[]) => {
  const { text, status } = await sendRaw(port, rawPost({ headers }), { until: isWhole });
  const body = text.slice(text.indexOf("\r\n\r\n") + 4);
  return { status, error: body.startsWith('{"error"') ? JSON.parse(body).error : undefined };
};

describe("with --client-tokens", () => {
  let proxy: RunningProxy;
  let token: string;
  let dumps: string;

  before(async () => {
    token = await makeToken("alice");
    dumps = join(folder, "dumps");
    proxy = await start("--http-shutdown", "--dump-dir", dumps);
  });
  after(() => proxy.stop());

  test("who sends one is served, by either header, and upstream sees the key alone", async () => {
    for (const header of [`Authorization: Bearer ${token}`, `X-Codex-Proxy-Token: ${token}`]) {
      assert.equal((await ask(proxy.port, header)).status, 200);
      const { headers } = upstream.requests.at(-1) as { headers: Record<string, unknown> };
      assert.equal(headers.authorization, `Bearer ${testKey}`);
      assert.equal(headers["x-codex-proxy-token"], undefined);
      assert.ok(!JSON.stringify(headers).includes(token));
    }
  });

  test("others get 403 with what is wrong, and nothing goes upstream", async () => {
    const before = upstream.requests.length;
    const refusals = await Promise.all([
      ask(proxy.port),
      ask(proxy.port, `Authorization: Bearer ${token}x`),
      ask(proxy.port, `Authorization: Bearer ${testKey}`),
      ask(proxy.port, `X-Codex-Proxy-Token: ${token}`, `X-Codex-Proxy-Token: ${token}`),
    ]);
    assert.deepEqual(
      refusals.map(({ status, error }) => [status, error.code]),
      Array(4).fill([403, "PXY_ERR_CLIENT_TOKEN"]),
    );
    assert.equal(refusals[1]?.error.message, "a client token is wanted: it is not known");
    assert.equal(upstream.requests.length, before);
  });

  test("GET /shutdown wants one too", async () => {
    const shutdown = "GET /shutdown HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert.equal((await sendRaw(proxy.port, shutdown, { until: isWhole })).status, 403);
    assert.equal((await ask(proxy.port, `X-Codex-Proxy-Token: ${token}`)).status, 200);
  });

  test("neither log nor dumps hold one, right or wrong", async () => {
    await ask(proxy.port, "Authorization: Bearer cxp_wrong-but-secret");
    await ask(proxy.port, `X-Codex-Proxy-Token: ${token}`);
    const written = fs.readdirSync(dumps).map((name) => fs.readFileSync(join(dumps, name), "utf8"));
    assert.ok(written.length > 0);
    assert.match(proxy.output.stderr, /refused .*: a client token is wanted: it is not known/);
    for (const text of [proxy.output.stderr, ...written]) {
      assert.ok(!text.includes(token) && !text.includes("wrong-but-secret"));
    }
  });
});

test("a token that is bound to a user is that user's alone", { skip: skipWithoutOtherUser }, async () => {
  const bound = await makeToken("bound", "--uid", "60002");
  const proxy = await start();
  const bytes = rawPost({ headers: ["Connection: close", `Authorization: Bearer ${bound}`] });
  assert.equal((await askAs(60_002, { to: proxy, bytes })).status, 200);
  assert.match(
    (await askAs(60_003, { to: proxy, bytes })).error?.message ?? "",
    /it is bound to another user/,
  );
  await proxy.stop();
});

test("with rules on users both are wanted", { skip: skipWithoutOtherUser }, async () => {
  const token = await makeToken("both");
  const proxy = await start("--allow-uid", "60002");
  const bytes = rawPost({ headers: ["Connection: close", `Authorization: Bearer ${token}`] });
  assert.equal((await askAs(60_002, { to: proxy, bytes })).status, 200);
  assert.equal((await askAs(60_002, { to: proxy })).error?.code, "PXY_ERR_CLIENT_TOKEN");
  assert.equal((await askAs(60_003, { to: proxy, bytes })).error?.code, "PXY_ERR_PEER");
  await proxy.stop();
});

test("an expired token is refused", async () => {
  const line = `old ${"ab".repeat(32)} expires=2020-01-01\n`;
  fs.appendFileSync(file, line);
  const { digestOf } = await import("../../../proxy/access/client-token.ts");
  fs.appendFileSync(file, `older ${digestOf("cxp_old").toString("hex")} expires=2020-01-01\n`);
  const proxy = await start();
  const { error } = await ask(proxy.port, "Authorization: Bearer cxp_old");
  assert.equal(error.message, "a client token is wanted: it has expired");
  await proxy.stop();
});

describe("a start is refused", () => {
  const run = (text: string, mode = 0o600) => {
    const bad = join(folder, "bad");
    fs.writeFileSync(bad, text);
    fs.chmodSync(bad, mode);
    return runProxy({ args: [...quietUser, "--client-tokens", bad], input: `${testKey}\n` });
  };

  test("for a line that is not right, which is named and not shown", async () => {
    const { code, stderr } = await run("# tokens\nalice cxp_a-token-in-place-of-its-hash\n");
    assert.equal(code, 1);
    assert.match(stderr, /cannot use --client-tokens .*\/bad: line 2: the second field is not a SHA-256/);
    assert.ok(!stderr.includes("in-place-of"));
  });

  test("for a file that others may write", async () => {
    assert.match((await run("", 0o602)).stderr, /its group or others may write it \(chmod go-w\)/);
    assert.equal((await run("alice", 0o600)).code, 1);
  });

  test("for a file that is not there", async () => {
    const { code, stderr } = await runProxy({
      args: [...quietUser, "--client-tokens", join(folder, "none")],
      input: `${testKey}\n`,
    });
    assert.equal(code, 1);
    assert.match(stderr, /none: ENOENT\ncodex: hint: codex-responses-api-proxy token new NAME/);
  });
});
