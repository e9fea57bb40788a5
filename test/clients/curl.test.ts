// curl, as in the README and in scripts of the original's users.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type MockUpstream, startMockUpstream } from "../mock/upstream.ts";
import { type RunningProxy, startProxy, testKey } from "../proxy-process.ts";

const hasCurl = spawnSync("curl", ["--version"]).status === 0;

describe("curl", { skip: !hasCurl && "curl is not installed" }, () => {
  let upstream: MockUpstream;
  let proxy: RunningProxy;
  before(async () => {
    upstream = await startMockUpstream({ expectedKey: testKey });
    proxy = await startProxy({ args: ["--upstream-url", upstream.url, "--http-shutdown"] });
  });
  after(() => upstream.close());

  async function curl(...args: string[]): Promise<string> {
    const child = spawn("curl", ["-sS", "-w", "\n%{http_code} %{exitcode}", ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let stdout = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    await once(child, "close");
    return stdout;
  }
  const url = () => `${proxy.baseUrl}/v1/responses`;
  const json = ["-H", "content-type: application/json"];

  test("posts, plain and with an offer of HTTP/2", async () => {
    assert.match(await curl(...json, "-d", "{}", url()), /Hello from the mock upstream[\s\S]*\n200 0$/);
    assert.match(
      await curl(...json, "--http2", "-d", "{}", url()),
      /Hello from the mock upstream[\s\S]*\n200 0$/,
    );
  });

  test("sends a large file, waiting for 100 Continue", async () => {
    const file = join(tmpdir(), `codex-large-${process.pid}`);
    fs.writeFileSync(file, Buffer.alloc(3 * 1024 * 1024, "x"));
    assert.match(
      await curl(...json, "-H", "Expect: 100-continue", "--data-binary", `@${file}`, url()),
      /\n200 0$/,
    );
    assert.equal(upstream.requests.at(-1)?.bodyBytes, 3 * 1024 * 1024);
    fs.rmSync(file);
  });

  test("without a content type is told what is wrong", async () => {
    assert.match(await curl("-d", "{}", url()), /the content type must be application\/json[\s\S]*\n403 0$/);
  });

  test("ends with an error when the upstream breaks off", async () => {
    upstream.mode = "resetMidStream";
    assert.doesNotMatch(await curl(...json, "-d", "{}", url()), / 0$/);
    upstream.mode = "plain";
  });

  test("/shutdown answers 200 and ends the proxy with exit code 0", async () => {
    assert.match(await curl(`${proxy.baseUrl}/shutdown`), /\n200 0$/);
    assert.deepEqual(await proxy.ended, { code: 0, signal: null });
  });
});
