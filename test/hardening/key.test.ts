// The key's way in: what stdin may hold, what is said otherwise, and that no message repeats it.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type MockUpstream, startMockUpstream } from "../mock/upstream.ts";
import { launcher, quietUser, runProxy, startProxy, testKey } from "../proxy-process.ts";
import { isWhole, rawPost, sendRaw } from "../raw-http.ts";

let upstream: MockUpstream;
before(async () => {
  upstream = await startMockUpstream();
});
after(() => upstream.close());

/** Start with this on stdin, send one request, return the Authorization that the upstream saw. */
async function authorizationFor(input: string, through?: readonly string[]): Promise<string | undefined> {
  const proxy = await startProxy({
    args: ["--upstream-url", upstream.url],
    input,
    ...(through && { through }),
  });
  await sendRaw(proxy.port, rawPost(), { until: isWhole });
  await proxy.stop();
  return upstream.requests.at(-1)?.headers.authorization;
}

describe("taken as the key", () => {
  const longest = "k".repeat(4096);
  const cases: [string, string, string][] = [
    ["a line", "sk-abc_DEF-123\n", "sk-abc_DEF-123"],
    ["no newline at the end", "sk-abc", "sk-abc"],
    ["CRLF", "sk-abc\r\n", "sk-abc"],
    ["several line ends", "sk-abc\r\n\r\n\n", "sk-abc"],
    ["one character", "k", "k"],
    ["every character that RFC 6750 allows", "aZ09-._~+/=\n", "aZ09-._~+/="],
    ["a JWT", "eyJhbGciOi.eyJzdWIi.c2ln_-\n", "eyJhbGciOi.eyJzdWIi.c2ln_-"],
    ["4096 bytes with a newline", `${longest}\n`, longest],
    ["4096 bytes without", longest, longest],
  ];
  for (const [name, input, key] of cases) {
    test(name, async () => assert.equal(await authorizationFor(input), `Bearer ${key}`));
  }

  test("from a file", async () => {
    const folder = fs.mkdtempSync(join(tmpdir(), "codex-key-"));
    fs.writeFileSync(join(folder, "key"), `${testKey}\n`);
    const through = ["sh", "-c", `exec "$@" < ${folder}/key`, "sh"];
    assert.equal(await authorizationFor("", through), `Bearer ${testKey}`);
    fs.rmSync(folder, { recursive: true });
  });

  test("from a writer that needs several attempts and never closes", async () => {
    const child = spawn(launcher, [...quietUser, "--upstream-url", upstream.url], {
      stdio: ["pipe", "ignore", "pipe"],
    });
    for (const part of ["sk-", "split", "-key\n"]) {
      child.stdin.write(part);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const port = await new Promise<number>((resolve) => {
      child.stderr.on("data", (chunk) => {
        const port = /listening on 127\.0\.0\.1:(\d+)\n/.exec(String(chunk))?.[1];
        if (port !== undefined) resolve(Number(port));
      });
    });
    await sendRaw(port, rawPost(), { until: isWhole });
    assert.equal(upstream.requests.at(-1)?.headers.authorization, "Bearer sk-split-key");
    child.kill("SIGTERM");
  });
});

describe("typed at a terminal", {
  skip: spawnSync("script", ["-V"]).status !== 0 && "script(1) is not installed",
}, () => {
  /** What the terminal shows when this is typed at the prompt. */
  async function terminalShows(typed: string): Promise<string> {
    const command = `${launcher} --upstream-url ${upstream.url}`;
    const child = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "pipe", "ignore"] });
    let shown = "";
    child.stdout.on("data", (chunk) => {
      const isPrompt = !shown.includes("API key (");
      shown += chunk;
      if (isPrompt && shown.includes("API key (")) child.stdin.write(typed);
      // Ctrl-C and the end: script(1) waits for both.
      if (/listening on|codex: hint/.test(shown) && child.stdin.writable) child.stdin.end("\x03");
    });
    await new Promise((resolve) => child.once("close", resolve));
    return shown;
  }

  test("it is asked for and not shown", async () => {
    const shown = await terminalShows(`${testKey}\n`);
    assert.match(shown, /API key \(what you type stays hidden\): [\s\S]*listening on/);
    assert.ok(!shown.includes(testKey));
  });

  test("it is refused where the terminal may have cut it", async () => {
    assert.match(await terminalShows(`${"k".repeat(4095)}Z\n`), /too long to be typed/);
  });
});

describe("refused with exit 1", () => {
  const missing = /API key must be provided via stdin/;
  const character = /API key may only contain ASCII letters, numbers, or any of - \. _ ~ \+ \/ =/;
  const large = /API key is too large to fit in the 4096-byte buffer/;
  const more = /stdin holds more than the API key/;
  const cases: [string, string | Buffer, RegExp][] = [
    ["nothing", "", missing],
    ["a newline", "\n", missing],
    ["CRLF alone", "\r\n", missing],
    ["a leading newline before a key", "\nsk-secretvalue", more],
    ["an exclamation mark", "sk-secretvalue!", character],
    ["a blank inside", "sk-secret value", character],
    ["a blank before", " sk-secretvalue", character],
    ["a tab after", "sk-secretvalue\t\n", character],
    ["NUL", "sk-secretvalue\0", character],
    ["a byte over 127", Buffer.from([0x73, 0x6b, 0xff, 0x0a]), character],
    ["a byte order mark", "\ufeffsk-secretvalue\n", character],
    ["CR inside", "sk-secret\rvalue\n", character],
    ["quotes", '"sk-secretvalue"\n', character],
    ["4097 bytes", `${"s".repeat(4097)}\n`, large],
    ["100 KB without a newline", "s".repeat(100_000), large],
    ["a second line", "sk-secretvalue\nsecond-secretvalue\n", more],
    ["a second line after an empty one", "sk-secretvalue\n\nx\n", more],
    ["a great many newlines", `sk-secretvalue\n${"\n".repeat(20_000)}`, more],
  ];
  for (const [name, input, message] of cases) {
    test(name, async () => {
      const { code, stdout, stderr } = await runProxy({ input });
      assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
      assert.match(stderr, message);
      assert.match(stderr, /^codex: error: .*\ncodex: hint: .*\n$/);
      assert.doesNotMatch(stderr, /secret|value|sss/);
    });
  }

  test("a writer that stalls, after 30 seconds", async () => {
    const began = Date.now();
    const child = spawn(launcher, [], { stdio: ["pipe", "ignore", "pipe"] });
    child.stdin.write("sk-secretvalue");
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    const end = await new Promise((resolve) =>
      child.on("close", (code, signal) => resolve({ code, signal })),
    );
    assert.deepEqual(end, { code: 1, signal: null });
    assert.match(stderr, /no API key arrived on stdin within 30 seconds/);
    assert.ok(Date.now() - began > 29_000);
  });
});
