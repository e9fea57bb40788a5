// Workload identity, by the real launcher against hosts of our own under the names that are fixed: the
// key is fetched before anything is served, renewed while it is good, and fetched anew once refused.

import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { scanMemory } from "../memory-scan.ts";
import type { RunningProxy } from "../proxy-process.ts";
import { goodReplies, type HostReply, type Seen } from "./hosts.ts";
import { requestToken, requestUrl, skipWithoutWorld, World } from "./world.ts";

const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";

/** A reply of OpenAI's token service, with changes; undefined leaves a member out. */
function exchangeReply(change: Readonly<Record<string, unknown>> = {}): HostReply {
  const members = {
    access_token: "{token}",
    issued_token_type: accessTokenType,
    token_type: "Bearer",
    expires_in: 3600,
    ...change,
  };
  return { body: JSON.stringify(members) };
}

const unavailable = "workload identity renewal temporarily unavailable; retry later";

describe("workload identity", { skip: skipWithoutWorld }, () => {
  let world: World;
  before(async () => {
    world = await World.open();
  });
  after(() => world.close());

  beforeEach(async () => {
    await Promise.all([world.set("github"), world.set("exchange"), world.set("upstream")]);
    await world.seen();
  });

  const authorizations = (seen: Seen) =>
    seen.requests
      .filter(({ host }) => host === "upstream")
      .map(({ headers }) => (headers.authorization ?? "").replace("Bearer ", ""));
  const exchanges = (seen: Seen) => seen.requests.filter(({ host }) => host === "exchange").length;

  test("the request token fetches a JWT, the JWT an access token, and all requests carry that one", async () => {
    const proxy = await world.start();
    const answers = await world.post(proxy.port, 3);
    const seen = await world.seen();
    assert.deepEqual(answers, Array(3).fill({ status: 200, body: '{"ok":true}' }));

    const [github, exchange, ...upstream] = seen.requests;
    const { host, accept, connection, authorization } = github?.headers ?? {};
    assert.deepEqual(
      { ...github, headers: { host, accept, connection, authorization } },
      {
        host: "github",
        method: "GET",
        url: "/oidc/token?api-version=2.0&audience=https%3A%2F%2Fapi.openai.com%2Fv1+%26more",
        headers: {
          host: "token.actions.example:8443",
          accept: "application/json",
          connection: "close",
          authorization: `Bearer ${requestToken}`,
        },
        body: "",
      },
    );
    assert.deepEqual(
      [exchange?.host, exchange?.method, exchange?.url, exchange?.headers["content-type"]],
      ["exchange", "POST", "/oauth/token", "application/json"],
    );
    assert.deepEqual(JSON.parse(exchange?.body ?? ""), {
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      subject_token: seen.jwts[0],
      identity_provider_id: 'idp_"1"',
      service_account_id: "sa-ä",
    });
    assert.equal(upstream.length, 3);
    assert.deepEqual(authorizations(seen), Array(3).fill(seen.tokens[0]));
    await proxy.stop();
  });

  for (const framing of ["length", "chunked", "close"] as const) {
    test(`replies are taken whose bodies are framed by ${framing}`, async () => {
      await world.set("github", { ...goodReplies.github, framing });
      await world.set("exchange", { ...goodReplies.exchange, framing });
      const proxy = await world.start();
      assert.equal((await world.post(proxy.port))[0]?.status, 200);
      await proxy.stop();
    });
  }

  test("the longest token that fits a slot is carried whole", async () => {
    const longest = "k".repeat(8192);
    await world.set("exchange", exchangeReply({ access_token: longest }));
    const proxy = await world.start();
    await world.post(proxy.port);
    assert.deepEqual(authorizations(await world.seen()), [longest]);
    await proxy.stop();
  });

  test("a token is renewed before it expires, and no request waits or fails meanwhile", async () => {
    await world.set("exchange", exchangeReply({ expires_in: 4 }));
    const proxy = await world.start();
    const statuses = new Set<number>();
    for (const deadline = Date.now() + 7_000; Date.now() < deadline; await sleep(100)) {
      for (const { status } of await world.post(proxy.port)) statuses.add(status);
    }
    const seen = await world.seen();
    assert.deepEqual([...statuses], [200]);
    assert.ok(seen.tokens.length >= 3, `${seen.tokens.length} tokens in 7 seconds`);
    // Each in its turn, and none again once the next one was there.
    const inTurn = authorizations(seen).filter((token, index, all) => token !== all[index - 1]);
    assert.deepEqual(inTurn, seen.tokens.slice(0, inTurn.length));
    assert.ok(inTurn.length >= 3);
    await proxy.stop();
  });

  test("a 401 goes to the client as it came, and the next request gets a fresh token", async () => {
    const refusal = { status: 401, body: '{"error":{"message":"revoked"}}' };
    const proxy = await world.start();
    await world.set("upstream", refusal, goodReplies.upstream);
    assert.deepEqual(await world.post(proxy.port), [refusal]);
    const before = await world.seen();
    assert.equal(before.requests.filter(({ host }) => host === "upstream").length, 1, "it is not sent again");
    assert.deepEqual(await world.post(proxy.port, 2), Array(2).fill({ status: 200, body: '{"ok":true}' }));
    const after = await world.seen();
    assert.deepEqual([exchanges(before), exchanges(after)], [1, 1]);
    assert.deepEqual(authorizations(after), [after.tokens[0], after.tokens[0]]);
    assert.notEqual(after.tokens[0], before.tokens[0]);
    await proxy.stop();
  });

  test("many requests refused at once lead to one exchange", async () => {
    const proxy = await world.start();
    await world.set("upstream", ...Array(16).fill({ status: 401 }), goodReplies.upstream);
    const answers = await world.post(proxy.port, 16);
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([401]));
    await world.seen();
    await world.post(proxy.port, 16);
    const seen = await world.seen();
    assert.equal(exchanges(seen), 1);
    assert.deepEqual(new Set(authorizations(seen)), new Set(seen.tokens));
    await proxy.stop();
  });

  test("while renewals fail the token serves until it expires; then clients are told to retry, until one succeeds", async () => {
    await world.set("exchange", exchangeReply({ expires_in: 4 }), { status: 500 });
    const proxy = await world.start();
    await sleep(3_000); // the renewal at 2 s has failed
    assert.equal((await world.post(proxy.port))[0]?.status, 200);
    assert.match(
      proxy.output.stderr,
      /codex: warning: workload identity renewal failed, requests go on with the present token: OpenAI workload identity token exchange failed: HTTP status 500\n/,
    );
    await sleep(1_500);
    const [answer] = await world.post(proxy.port);
    assert.equal(answer?.status, 503);
    assert.deepEqual(JSON.parse(answer?.body ?? ""), {
      error: { message: unavailable, type: "server_error", code: "PXY_ERR_CREDENTIAL" },
    });
    assert.match(
      proxy.output.stderr,
      /request failed before the answer: workload identity renewal temporarily/,
    );
    await world.set("exchange");
    for (const deadline = Date.now() + 20_000; Date.now() < deadline; await sleep(200)) {
      if ((await world.post(proxy.port))[0]?.status === 200) break;
    }
    const seen = await world.seen();
    assert.equal(authorizations(seen).at(-1), seen.tokens.at(-1));
    await proxy.stop();
  });

  test("until the first token is there nothing is published or served, and after 15 seconds the start has failed", async () => {
    const folder = fs.mkdtempSync(join(tmpdir(), "codex-oidc-info-"));
    const serverInfo = join(folder, "info.json");
    await world.set("exchange", { instead: "silence" });
    const run = world.run({ args: ["--server-info", serverInfo, "--port", "18080"] });
    for (let seen = await world.seen(); exchanges(seen) === 0; seen = await world.seen()) await sleep(50);
    // The launcher has bound the port, so a client may connect; nobody reads what it sends.
    const early = world.post(18080).then(
      ([answer]) => answer?.status,
      () => "no answer",
    );
    await sleep(1_000);
    assert.equal(fs.existsSync(serverInfo), false);
    const { code, stderr } = await run;
    assert.equal(code, 1);
    assert.match(
      stderr,
      /token exchange failed: no answer within 15 seconds \(REPLY_TIMEOUT\)\ncodex: hint: /,
    );
    assert.equal(await early, "no answer");
    assert.equal(fs.existsSync(serverInfo), false);
    fs.rmSync(folder, { recursive: true });
  });

  describe("the start fails with exit 1 and says why, of", () => {
    const invalid = "OpenAI workload identity returned an invalid token response";
    const raw = (body: string) => ({ body });
    const cases: [name: string, host: "github" | "exchange", reply: HostReply, message: string][] = [
      [
        "a GitHub that refuses",
        "github",
        { status: 403 },
        "GitHub OIDC token request failed: HTTP status 403",
      ],
      [
        "a GitHub that redirects",
        "github",
        { raw: `HTTP/1.1 302 Found\r\nLocation: https://auth.openai.com/\r\nContent-Length: 0\r\n\r\n` },
        "GitHub OIDC token request failed: HTTP status 302",
      ],
      [
        "a GitHub that breaks off",
        "github",
        { instead: "reset" },
        "GitHub OIDC token request failed: malformed or truncated answer (REPLY_MALFORMED)",
      ],
      [
        "a reply cut in its body",
        "github",
        { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{"value":"{jwt}"' },
        "GitHub OIDC token request failed: malformed or truncated answer (REPLY_MALFORMED)",
      ],
      [
        "a reply that is not HTTP",
        "github",
        { raw: "SSH-2.0-OpenSSH\r\n" },
        "GitHub OIDC token request failed: malformed or truncated answer (REPLY_MALFORMED)",
      ],
      [
        "a reply without end",
        "github",
        { raw: `HTTP/1.1 200 OK\r\n\r\n${" ".repeat(20_000)}` },
        "GitHub OIDC token request failed: answer larger than 16 KiB (REPLY_TOO_LARGE)",
      ],
      [
        "a reply that is not JSON",
        "github",
        raw("<html>{jwt}</html>"),
        "GitHub OIDC token request failed: its reply is not one well-formed JSON object",
      ],
      [
        "a reply without a JWT",
        "github",
        raw('{"count":0}'),
        "GitHub OIDC token request failed: its reply holds no token",
      ],
      [
        "a JWT with an escape",
        "github",
        raw('{"value":"\\u0065{jwt}"}'),
        "GitHub OIDC token request failed: its reply holds a token with a character that none has",
      ],
      [
        "a JWT of 4097 bytes",
        "github",
        raw(`{"value":"${"j".repeat(4097)}"}`),
        "GitHub OIDC token request failed: its reply holds a token that is too long",
      ],
      [
        "an exchange that is refused with a code",
        "exchange",
        { status: 400, body: '{"error":"invalid_grant","error_description":"{jwt}"}' },
        "OpenAI workload identity token exchange failed: HTTP status 400 (invalid_grant)",
      ],
      [
        "an exchange that is refused without one",
        "exchange",
        { status: 500, body: '{"error":{"message":"{jwt}"}}' },
        "OpenAI workload identity token exchange failed: HTTP status 500",
      ],
      [
        "a reply without access_token",
        "exchange",
        exchangeReply({ access_token: undefined }),
        `${invalid}: its reply holds no token`,
      ],
      [
        "a reply without token_type",
        "exchange",
        exchangeReply({ token_type: undefined }),
        `${invalid}: it has no token_type`,
      ],
      [
        "a reply without issued_token_type",
        "exchange",
        exchangeReply({ issued_token_type: undefined }),
        `${invalid}: it has no issued_token_type`,
      ],
      [
        "a reply without expires_in",
        "exchange",
        exchangeReply({ expires_in: undefined }),
        `${invalid}: it has no expires_in`,
      ],
      [
        "a reply that is an array",
        "exchange",
        raw('["{token}"]'),
        `${invalid}: its reply is not one well-formed JSON object`,
      ],
      [
        "two access tokens",
        "exchange",
        raw('{"access_token":"{token}","access_token":"x","token_type":"Bearer","expires_in":60}'),
        `${invalid}: its reply is not one well-formed JSON object`,
      ],
      [
        "an access token with a line end",
        "exchange",
        exchangeReply({ access_token: "a\r\nx-injected: 1" }),
        `${invalid}: its reply holds a token with a character that none has`,
      ],
      [
        "an access token of 8193 bytes",
        "exchange",
        exchangeReply({ access_token: "k".repeat(8193) }),
        `${invalid}: its reply holds a token that is too long`,
      ],
      [
        "another token type",
        "exchange",
        exchangeReply({ token_type: "DPoP" }),
        "unsupported workload identity token type",
      ],
      [
        "another issued token type",
        "exchange",
        exchangeReply({ issued_token_type: "urn:ietf:params:oauth:token-type:id_token" }),
        "unsupported workload identity token type",
      ],
      ...[0, -1, 1.5, "3600", 31_536_001, true].map((expiresIn): [string, "exchange", HostReply, string] => [
        `a lifetime of ${JSON.stringify(expiresIn)}`,
        "exchange",
        exchangeReply({ expires_in: expiresIn }),
        "invalid token lifetime",
      ]),
      [
        "an expiry that is no time",
        "exchange",
        exchangeReply({ expires_at: "soon" }),
        "invalid token lifetime",
      ],
      [
        "an expiry in the past",
        "exchange",
        raw(
          `{"access_token":"{token}","issued_token_type":"${accessTokenType}","token_type":"Bearer","expires_in":60,"expires_at":{now-1}}`,
        ),
        "expired workload identity token",
      ],
    ];
    for (const [name, host, reply, message] of cases) {
      test(name, async () => {
        await world.set(host, reply);
        const { code, stdout, stderr } = await world.run();
        const { jwts, tokens, requests } = await world.seen();
        assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
        assert.deepEqual(stderr.split("\n").slice(0, 1), [`codex: error: ${message}`]);
        assert.match(stderr, /^codex: error: .*\ncodex: hint: .*\n$/);
        for (const secret of [requestToken, ...jwts, ...tokens]) {
          assert.ok(!stderr.includes(secret) && !stderr.includes(secret.slice(-20)));
        }
        assert.equal(
          requests.filter((request) => request.host === host).length,
          1,
          "no request is sent twice",
        );
      });
    }

    test("hosts whose certificates nobody vouches for, to whom no token is sent", async () => {
      const { code, stderr } = await world.run({ trusts: false });
      assert.equal(code, 1);
      assert.match(stderr, /GitHub OIDC token request failed: certificate authority is not trusted/);
      assert.deepEqual((await world.seen()).requests, []);
    });

    test("a port where nobody listens", async () => {
      const { code, stderr } = await world.run({
        change: { "--github-oidc-request-url": requestUrl.replace("8443", "8444") },
      });
      assert.equal(code, 1);
      assert.match(stderr, /GitHub OIDC token request failed: connection refused \(ECONNREFUSED\)/);
    });
  });

  test("an expiry that is earlier than the lifetime says is the one that counts", async () => {
    const early = `{"access_token":"{token}","issued_token_type":"${accessTokenType}","token_type":"bearer","expires_in":3600,"expires_at":{now+4}}`;
    await world.set("exchange", { body: early });
    const proxy = await world.start();
    await sleep(3_500);
    assert.ok(exchanges(await world.seen()) >= 2);
    await proxy.stop();
  });

  describe("read by root, the memory of the process", () => {
    const pieceBytes = 32;

    /** How many of the pieces of a text are anywhere in a process: a copy may be there in parts. */
    function piecesIn(pid: number, text: string): number {
      let found = 0;
      for (let at = 0; at + pieceBytes <= text.length; at += 4 * pieceBytes) {
        if (scanMemory(pid, text.slice(at, at + pieceBytes)).copies > 0) found++;
      }
      return found;
    }
    const countAll = (pid: number, secrets: readonly string[]) => secrets.map((text) => piecesIn(pid, text));

    async function secretsOf(proxy: RunningProxy): Promise<string[]> {
      const jwts: string[] = [];
      const tokens: string[] = [];
      while (tokens.length === 0) {
        const seen = await world.seen();
        jwts.push(...seen.jwts);
        tokens.push(...seen.tokens);
        await sleep(50);
      }
      await sleep(200); // the proxy has read the reply by now
      assert.equal(proxy.output.stderr.includes("failed"), false);
      return [requestToken, jwts.at(-1) as string, tokens.at(-1) as string];
    }

    test("holds no piece of any token, after the start, after renewals at rest and under load", async () => {
      await world.set("exchange", exchangeReply({ expires_in: 10 }));
      const proxy = await world.start();
      // Where the kernel has no memfd_secret, root can read the memory that holds them.
      const hasSecretMemory = /secret memory\s+memfd_secret/.test(
        (await world.run({ args: ["--check"] })).stdout,
      );
      if (!hasSecretMemory) return void (await proxy.stop());
      const first = await secretsOf(proxy);
      assert.deepEqual(countAll(proxy.pid, first), [0, 0, 0], "after the start");
      const second = await secretsOf(proxy);
      assert.deepEqual(countAll(proxy.pid, [...first, ...second]), Array(6).fill(0), "after a renewal");
      const load = world.post(proxy.port, 2_000);
      assert.deepEqual(countAll(proxy.pid, second), [0, 0, 0], "under load");
      assert.ok((await load).every(({ status }) => status === 200));
      assert.deepEqual(countAll(proxy.pid, [...first, ...second]), Array(6).fill(0), "after it");
      await proxy.stop();
    });

    test("holds them all in a program that does the same with strings", async () => {
      const entry = fileURLToPath(new URL("../controls/string-oidc.js", import.meta.url));
      const control = await world.startOther(process.execPath, [entry, world.caFile, requestUrl]);
      const found = countAll(control.pid, await secretsOf(control));
      assert.ok(
        found.every((pieces) => pieces > 0),
        `found ${found}`,
      );
      control.kill("SIGKILL");
      await control.ended;
    });
  });
});
