// What keeps workload identity from starting: each failure ends the start with exit 1 and one message,
// which holds nothing of a token, and until the first token is there nothing is published or served.

import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { accessTokenType, exchangeReply, type HostReply, type Seen } from "./hosts.ts";
import { requestToken, requestUrl, skipWithoutWorld, World } from "./world.ts";

describe("the start with workload identity", { skip: skipWithoutWorld }, () => {
  let world: World;
  before(async () => {
    world = await World.open();
  });
  after(() => world.close());

  beforeEach(async () => {
    await Promise.all([world.set("github"), world.set("exchange")]);
    await world.seen();
  });

  const exchanges = (seen: Seen) => seen.requests.filter(({ host }) => host === "exchange").length;

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
});
