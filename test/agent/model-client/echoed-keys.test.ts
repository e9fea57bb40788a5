// A service that repeats what it was sent: gateways do so in their refusals, the key included.

import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../../agent/clock.ts";
import { userMessage } from "../../../agent/model-client/items.ts";
import { askModel } from "../../../agent/model-client/model-client.ts";
import { openConnection } from "../../../agent/provider/connection.ts";
import { type ScriptedRequest, type Step, startScriptedUpstream } from "../../mock/scripted-upstream.ts";
import { provider, sender } from "../provider/provider.ts";

const secrets = {
  bearer: "sk-bearer-0123456789",
  basic: "dXNlcjpwYXNz/d29yZA==",
  fromVariable: "header-from-a-variable",
  inQuery: "q/uery+key-0123456789",
};

function whatWasSent({ url, headers }: ScriptedRequest): string {
  return `${JSON.stringify(headers)} ${url} ${decodeURIComponent(url)}`;
}

const ways: Readonly<Record<string, (words: string) => Step>> = {
  "a refusal": (words) => ({ status: 400, body: JSON.stringify({ error: { message: words } }) }),
  "a refusal with escaped slashes": (words) => ({
    status: 403,
    body: JSON.stringify({ detail: words }).replaceAll("/", "\\/"),
  }),
  "a refusal in plain words": (words) => ({ status: 401, body: words }),
  "a refusal that a key is cut in": (words) => ({
    status: 401,
    body: "x".repeat(1995 - words.indexOf(secrets.bearer)) + words,
  }),
  "a failure of its own": (words) => ({ status: 503, body: JSON.stringify({ error: { message: words } }) }),
  "a quota": (words) => ({
    status: 429,
    body: JSON.stringify({ error: { type: "insufficient_quota", message: words } }),
  }),
  "a failure in the stream": (words) => ({
    events: [{ type: "response.failed", response: { error: { message: words } } }],
  }),
  "an error in the stream": (words) => ({ events: [{ type: "error", message: words }] }),
  "an answer that is incomplete": (words) => ({
    events: [{ type: "response.incomplete", response: { incomplete_details: { reason: words } } }],
  }),
};

for (const [way, answer] of Object.entries(ways)) {
  test(`what a request has authenticated with is in no error, though the service repeats it in ${way}`, async () => {
    let sent = "";
    const upstream = await startScriptedUpstream((request) => {
      sent = whatWasSent(request);
      return answer(sent);
    });
    const modelProvider = provider({
      baseUrl: upstream.baseUrl,
      experimentalBearerToken: secrets.bearer,
      httpHeaders: { "X-Proxy-Auth": `Basic ${secrets.basic}` },
      envHttpHeaders: { "X-Tenant": "TENANT" },
      queryParams: { api_key: secrets.inQuery, "api-version": "2025-04-01-preview" },
      ...{ requestMaxRetries: 0, streamMaxRetries: 0 },
    });
    const connection = await openConnection(
      { modelProvider },
      undefined,
      { TENANT: secrets.fromVariable },
      sender,
    );
    const request = {
      settings: { model: "m", modelReasoningSummary: "auto" },
      prompt: {
        ...{ instructions: "", tools: [], mayCallToolsInParallel: false },
        input: [userMessage([{ type: "input_text", text: "hi" }])],
      },
      ...{ conversationId: "0199f1f0-0000-7000-8000-000000000000", signal: new AbortController().signal },
    } as const;
    let message = "";
    try {
      for await (const _ of askModel(connection, request, systemClock));
    } catch (error) {
      message = (error as Error).message;
    } finally {
      await connection.close();
      await upstream.close();
    }
    for (const secret of Object.values(secrets)) assert.ok(sent.includes(secret), `${secret} was sent`);
    assert.match(message, /x{9}|<redacted>/);
    for (const secret of Object.values(secrets)) {
      for (const form of [
        secret,
        secret.slice(0, 10),
        encodeURIComponent(secret),
        secret.replaceAll("/", "\\/"),
      ])
        assert.ok(!message.includes(form), `${form} is in: ${message}`);
    }
    if (message.includes("api-version")) assert.match(message, /2025-04-01-preview/);
  });
}
