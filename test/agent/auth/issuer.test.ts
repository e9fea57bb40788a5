// Issuers as they should not be.

import assert from "node:assert/strict";
import http, { type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, test } from "node:test";
import { exchangeCode, issuerAt, issuerClient } from "../../../agent/auth/issuer.ts";
import { requestRefresh } from "../../../agent/auth/refresh.ts";

describe("an issuer of tokens", () => {
  const servers: http.Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });

  async function serve(listener: RequestListener): Promise<string> {
    const server = http.createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const grant = { code: "code-secret", redirectUri: "http://localhost/x", codeVerifier: "verifier-secret" };
  const exchange = (url: string, longestMs?: number) =>
    exchangeCode(issuerClient({}, longestMs), issuerAt(url, undefined), grant);
  const refresh = (url: string) =>
    requestRefresh(
      issuerClient({}),
      { refresh_token: "rt-secret" },
      { CODEX_REFRESH_TOKEN_URL_OVERRIDE: url },
    );
  /** the refusal, none of whose parts that are shown holds what was sent */
  async function refusal(asked: Promise<unknown>): Promise<string> {
    const error = await asked.then(
      () => assert.fail("it was taken"),
      (reason: Error & { code: string; hint?: string }) => reason,
    );
    assert.doesNotMatch(`${error.message} ${error.hint} ${error.stack}`, /secret/);
    return `${error.code}: ${error.message}`;
  }

  for (const status of [301, 302, 303, 307, 308]) {
    test(`that redirects by ${status} gets its elsewhere nothing`, async () => {
      let elsewhereAsked = 0;
      const elsewhere = await serve((_, response) => {
        elsewhereAsked += 1;
        response.end("{}");
      });
      const url = await serve((_, response) => response.writeHead(status, { location: elsewhere }).end());
      assert.equal(
        await refusal(exchange(url)),
        `AUTH_ISSUER_REFUSED: token endpoint returned status ${status}`,
      );
      assert.equal(
        await refusal(refresh(url)),
        `AUTH_REFRESH_FAILED: the issuer answered the refresh with status ${status}`,
      );
      assert.equal(elsewhereAsked, 0);
    });
  }

  for (const [what, body, message] of [
    ["a page", "<html>captive portal</html>", "the issuer's answer is not a JSON object"],
    ["nothing", "", "the issuer's answer is not a JSON object"],
    ["a list", "[]", "the issuer's answer is not a JSON object"],
    ["no token", "{}", "the issuer's answer lacks a token"],
    [
      "tokens that are no texts",
      '{"id_token":1,"access_token":{},"refresh_token":""}',
      "the issuer's answer lacks a token",
    ],
    ["more than anybody reads", `{"x":"${"x".repeat(2 ** 20)}"}`, "the issuer's answer is too long"],
  ] as const) {
    test(`that answers 200 with ${what} has given no login`, async () => {
      const url = await serve((_, response) => response.end(body));
      assert.equal(await refusal(exchange(url)), `AUTH_ISSUER_ANSWER: ${message}`);
    });
  }

  test("that repeats what it was sent has it shown to nobody", async () => {
    const url = await serve((_, response) => {
      const error_description = "bad code-secret\u001b[31m\nwith verifier-secret";
      response.writeHead(400).end(JSON.stringify({ error: "invalid_grant", error_description }));
    });
    assert.equal(
      await refusal(exchange(url)),
      "AUTH_ISSUER_REFUSED: token endpoint returned status 400: bad <redacted> [31m with <redacted>",
    );
  });

  test("that never comes to an end is given up, and so is one that never begins", async () => {
    for (const listener of [
      (_: unknown, response: http.ServerResponse) => {
        const drip = setInterval(() => response.write(" "), 20);
        response.on("close", () => clearInterval(drip));
      },
      () => {},
    ]) {
      const url = await serve(listener);
      assert.equal(
        await refusal(exchange(url, 300)),
        `AUTH_ISSUER_UNREACHABLE: ${url} cannot be reached (no answer in time)`,
      );
    }
  });

  test("that hangs up is unreachable", async () => {
    const url = await serve((request) => request.socket.destroy());
    assert.match(await refusal(exchange(url)), /^AUTH_ISSUER_UNREACHABLE: .* cannot be reached \(\w+\)$/);
  });

  for (const url of ["nowhere", "ftp://user:secret@host/", "file:///etc/passwd", "http://"]) {
    test(`is no URL like ${url.replace("secret", "…")}, which is told without repeating it`, async () => {
      assert.equal(await refusal(refresh(url)), "AUTH_ISSUER_ANSWER: the issuer is not an http or https URL");
    });
  }
});
