// Workload identity, by the real launcher against hosts of our own under the names that are fixed: the
// key is fetched before anything is served, renewed while it is good, and fetched anew once refused.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { accessTokenType, exchangeReply, goodReplies, type Seen } from "./hosts.ts";
import { requestToken, skipWithoutWorld, World } from "./world.ts";

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

  test("with --upstream-proxy the token services too are reached through it, and it sees TLS alone", async () => {
    const proxy = await world.start({ args: ["--upstream-proxy", world.forwardProxyUrl] });
    assert.deepEqual(await world.post(proxy.port), [{ status: 200, body: '{"ok":true}' }]);
    const { tunnels, tunnelled, jwts, tokens } = await world.seen();
    assert.deepEqual(
      tunnels,
      ["token.actions.example:8443", "auth.openai.com:443", "api.openai.com:443"].map(
        (host) => `CONNECT ${host} ${host}`,
      ),
    );
    assert.ok(tunnelled.length > 2_000);
    for (const secret of [requestToken, ...jwts, ...tokens]) assert.ok(!tunnelled.includes(secret));
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
      /request failed while renewing the key: workload identity renewal temporarily/,
    );
    await world.set("exchange");
    for (const deadline = Date.now() + 20_000; Date.now() < deadline; await sleep(200)) {
      if ((await world.post(proxy.port))[0]?.status === 200) break;
    }
    const seen = await world.seen();
    assert.equal(authorizations(seen).at(-1), seen.tokens.at(-1));
    await proxy.stop();
  });

  test("an expiry that is earlier than the lifetime says is the one that counts", async () => {
    const early = `{"access_token":"{token}","issued_token_type":"${accessTokenType}","token_type":"bearer","expires_in":3600,"expires_at":{now+4}}`;
    await world.set("exchange", { body: early });
    const proxy = await world.start();
    await sleep(3_500);
    assert.ok(exchanges(await world.seen()) >= 2);
    await proxy.stop();
  });
});
