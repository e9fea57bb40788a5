// Bodies are compressed for the one service that is known to take them so, and for nobody else.

import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import http, { type IncomingHttpHeaders } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import zlib from "node:zlib";
import type { ModelProvider } from "../../../agent/config/config.ts";
import { openConnection } from "../../../agent/provider/connection.ts";
import type { CredentialSource } from "../../../agent/provider/key.ts";
import { makeAuthority } from "../../mock/certificate.ts";
import { type MockForwardProxy, startMockForwardProxy } from "../../mock/forward-proxy.ts";
import { provider, sender } from "./provider.ts";

const { zstdDecompressSync } = zlib as { readonly zstdDecompressSync?: (bytes: Buffer) => Buffer };
const text = JSON.stringify({ input: "é😀".repeat(1_000) });

function login(mode: "api-key" | "chatgpt"): CredentialSource {
  return { mode, authorize: async () => ({ bearer: "token" }), refreshAfter401: async () => false };
}

describe("the body of a request", () => {
  const authority = makeAuthority();
  const received: { headers: IncomingHttpHeaders; body: Buffer }[] = [];
  const take = async (request: http.IncomingMessage, response: http.ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    received.push({ headers: request.headers, body: Buffer.concat(chunks) });
    response.end("{}");
  };
  const service = https.createServer(authority.issue(["chatgpt.com", "api.openai.com"]), take);
  const other = http.createServer(take);
  let folder: string;
  let tunnel: MockForwardProxy;
  let environment: Record<string, string>;

  before(async () => {
    for (const server of [service, other]) await once(server.listen(0, "127.0.0.1"), "listening");
    tunnel = await startMockForwardProxy({ leadsToPort: (service.address() as AddressInfo).port });
    folder = fs.mkdtempSync(join(tmpdir(), "codex-compressed-"));
    fs.writeFileSync(join(folder, "ca.pem"), authority.cert);
    environment = { HTTPS_PROXY: tunnel.url, SSL_CERT_FILE: join(folder, "ca.pem") };
  });
  after(async () => {
    await tunnel.close();
    for (const server of [service, other]) {
      server.closeAllConnections();
      server.close();
    }
    fs.rmSync(folder, { recursive: true, force: true });
  });

  async function sent(modelProvider: ModelProvider, mode: "api-key" | "chatgpt", isOn = true) {
    const features = { isEnabled: (key: string) => isOn && key === "enable_request_compression" };
    const connection = await openConnection({ modelProvider, features }, login(mode), environment, sender);
    const signal = new AbortController().signal;
    const { body } = await connection.post({ body: text, headers: {}, signal });
    for await (const _ of body);
    await connection.close();
    return received.at(-1) as (typeof received)[number];
  }

  const openai = provider({ id: "openai", requiresOpenaiAuth: true });
  const skip = zstdDecompressSync === undefined ? "this Node has no zstd" : false;

  test("is compressed for ChatGPT's own service, and says what it says", { skip }, async () => {
    const { headers, body } = await sent(openai, "chatgpt");
    assert.equal(headers["content-encoding"], "zstd");
    assert.equal(headers["content-length"], String(body.length));
    assert.ok(body.length < text.length / 4);
    assert.equal(zstdDecompressSync?.(body).toString(), text);
  });

  const plain: readonly (readonly [what: string, send: () => ReturnType<typeof sent>])[] = [
    ["with a key", () => sent(openai, "api-key")],
    ["with the feature switched off", () => sent(openai, "chatgpt", false)],
    [
      "for a URL that somebody has set",
      () =>
        sent(
          { ...openai, baseUrl: `http://127.0.0.1:${(other.address() as AddressInfo).port}/v1` },
          "chatgpt",
        ),
    ],
    [
      "for another provider with the same login",
      () =>
        sent(
          provider({
            requiresOpenaiAuth: true,
            baseUrl: `http://127.0.0.1:${(other.address() as AddressInfo).port}/v1`,
          }),
          "chatgpt",
        ),
    ],
  ];
  for (const [what, send] of plain) {
    test(`goes out as it is ${what}`, async () => {
      const { headers, body } = await send();
      assert.equal(headers["content-encoding"], undefined);
      assert.equal(body.toString(), text);
    });
  }
});
