// The openai npm SDK, pointed at the proxy by its baseURL alone.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { type MockUpstream, startMockUpstream } from "../mock/upstream.ts";
import { type RunningProxy, startProxy, testKey } from "../proxy-process.ts";
import { installClient, skipUnless } from "./install.ts";

interface ResponseStream extends AsyncIterable<{ type: string; delta?: string }> {}

interface OpenAi {
  responses: {
    create(request: { model: string; input: string; stream: true }): Promise<ResponseStream>;
    create(request: { model: string; input: string }): Promise<{ output_text: string }>;
  };
}

// The newest line that runs on Node 20.
const client = installClient("openai@6");

describe("openai SDK", { skip: skipUnless(client) }, () => {
  let upstream: MockUpstream;
  let proxy: RunningProxy;
  let openai: OpenAi;

  before(async () => {
    upstream = await startMockUpstream({ expectedKey: testKey });
    proxy = await startProxy({ args: ["--upstream-url", upstream.url] });
    if (!("folder" in client)) return;
    const require = createRequire(join(client.folder, "package.json"));
    const { OpenAI } = require("openai") as { OpenAI: new (options: object) => OpenAi };
    openai = new OpenAI({ baseURL: `${proxy.baseUrl}/v1`, apiKey: "not-a-key", maxRetries: 0 });
  });
  after(async () => {
    await proxy.stop();
    await upstream.close();
  });
  beforeEach(() => {
    upstream.mode = "plain";
  });

  test("responses.create answers", async () => {
    const response = await openai.responses.create({ model: "m", input: "hi" });
    assert.equal(response.output_text, "Hello from the mock upstream.");
  });

  test("responses.create with stream: true yields events as they come", async () => {
    upstream.mode = "stream";
    upstream.eventCount = 10;
    const arrivals: number[] = [];
    let text = "";
    for await (const event of await openai.responses.create({ model: "m", input: "hi", stream: true })) {
      if (event.type !== "response.output_text.delta") continue;
      arrivals.push(Date.now());
      text += event.delta;
    }
    assert.equal(text, Array.from({ length: 10 }, (_, i) => `piece ${i} `).join(""));
    assert.ok((arrivals.at(-1) as number) - (arrivals[0] as number) > 300);
  });

  test("an error of the upstream keeps its status and message", async () => {
    upstream.mode = "badRequest";
    await assert.rejects(openai.responses.create({ model: "m", input: "hi" }), {
      status: 400,
      message: /the mock finds fault with the request/,
    });
  });

  test("an upstream that breaks off in a stream is an error, not an end", async () => {
    upstream.mode = "resetMidStream";
    const stream = await openai.responses.create({ model: "m", input: "hi", stream: true });
    await assert.rejects(async () => {
      for await (const _ of stream);
    });
  });
});
