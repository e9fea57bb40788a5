// --dump-dir: files in the form of the original, for their owner alone, written while the answer flows,
// without a credential in them, and never in the way of what they tell of.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http, { type IncomingMessage } from "node:http";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type MockUpstream, startMockUpstream } from "../mock/upstream.ts";
import {
  asOtherUser,
  quietUser,
  type RunningProxy,
  runProxy,
  skipWithoutOtherUser,
  startProxy,
  testKey,
} from "../proxy-process.ts";
import { isWhole, rawPost, sendRaw } from "../raw-http.ts";

const isRoot = process.geteuid?.() === 0;
const serviceUid = isRoot ? 60001 : process.geteuid?.();

let root: string;
let dumps: string;
let upstream: MockUpstream;
let proxy: RunningProxy | undefined;
let count = 0;

before(async () => {
  root = fs.mkdtempSync(join(tmpdir(), "codex-dumps-"));
  fs.chmodSync(root, 0o755);
  upstream = await startMockUpstream({ expectedKey: testKey });
});
after(async () => {
  await upstream.close();
  fs.rmSync(root, { recursive: true });
});
beforeEach(() => {
  dumps = join(root, String(count++), "dumps");
  upstream.mode = "plain";
  upstream.eventGapMs = 50;
  upstream.eventCount = 20;
});
afterEach(async () => {
  await proxy?.stop();
  proxy = undefined;
});

async function start(url = upstream.url, folder = dumps): Promise<RunningProxy> {
  proxy = await startProxy({ args: [...quietUser, "--upstream-url", url, "--dump-dir", folder] });
  return proxy;
}

const refuse = (folder: string, ...args: string[]) =>
  runProxy({ args: [...quietUser, "--dump-dir", folder, ...args], input: `${testKey}\n` });

async function waitFor(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!condition()) {
    if (Date.now() > deadline) assert.fail(`timed out waiting for ${what}`);
    await sleep(10);
  }
}

const read = (name: string) => fs.readFileSync(join(dumps, name), "utf8");
const names = () => fs.readdirSync(dumps).sort();
const nameOf = (part: "request" | "response", number = 1) =>
  names().find((name) => name.startsWith(String(number).padStart(6, "0")) && name.endsWith(`${part}.json`));

/** A dump, once it is whole. */
async function dumpOf(part: "request" | "response", number = 1) {
  const isThere = () => {
    const name = nameOf(part, number);
    return name !== undefined && read(name).endsWith("\n}\n");
  };
  await waitFor(isThere, `the ${part} number ${number}`);
  return JSON.parse(read(nameOf(part, number) as string));
}

const post = (options: Parameters<typeof rawPost>[0] = {}) =>
  sendRaw(proxy?.port as number, rawPost(options), { until: isWhole });

/** A request whose body comes in one chunk. */
function chunkedPost(body: string): string {
  const head = rawPost({ headers: ["Transfer-Encoding: chunked"] }).replace(/Content-Length.*$/s, "\r\n");
  return `${head}${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`;
}

test("request and answer are dumped in the form of the original", async () => {
  await start();
  const body = '{"model": "gpt-5", "input": ["Zoë", 1.0]}';
  await post({ body, headers: ["User-Agent: test", "X-Own: 1", "User-Agent: twice", "Cookie: a=1"] });
  assert.deepEqual(await dumpOf("request"), {
    method: "POST",
    url: "/v1/responses",
    headers: [
      { name: "authorization", value: "[REDACTED]" },
      { name: "Content-Type", value: "application/json" },
      { name: "User-Agent", value: "test" },
      { name: "X-Own", value: "[REDACTED]" },
      { name: "User-Agent", value: "twice" },
      { name: "Content-Length", value: String(Buffer.byteLength(body)) },
    ],
    body: { model: "gpt-5", input: ["Zoë", 1] },
  });
  const { status, headers, body: answer, ...others } = await dumpOf("response");
  assert.deepEqual([status, others], [200, {}]);
  assert.deepEqual(headers[0], { name: "content-type", value: "application/json" });
  assert.equal(answer.output[0].content[0].text, "Hello from the mock upstream.");
  const [request = "", response = "", ...more] = names();
  assert.match(request, /^000001-\d{13}-request\.json$/);
  assert.deepEqual([response, more], [request.replace("request", "response"), []]);
  assert.ok(read(request).startsWith('{\n  "method": "POST",\n  "url": "/v1/responses",\n  "headers": [\n'));
});

test("a stream is dumped as one string, and each exchange has its number", async () => {
  await start();
  const answers: string[] = [];
  for (let i = 0; i < 3; i++) {
    const { text } = await sendRaw(proxy?.port as number, rawPost({ body: '{"stream":true}' }), {
      until: isWhole,
    });
    answers.push(text);
  }
  for (const [index, text] of answers.entries()) {
    const { body } = await dumpOf("response", index + 1);
    const chunks = text.slice(text.indexOf("\r\n\r\n") + 4);
    assert.equal(
      body,
      `${chunks.replace(/[0-9a-f]+\r\n([\s\S]*?)\r\n(?=[0-9a-f]+\r\n|$)/g, "$1").trimEnd()}\n\n`,
    );
    assert.match(body, /^event: response\.created\ndata: /);
  }
  assert.equal(names().length, 6);
});

test("the files are for their owner alone: 0600 in a new directory of 0700, the parents for all", async () => {
  await start();
  await post();
  await dumpOf("response");
  const modeAndUser = (path: string) => {
    const { mode, uid } = fs.statSync(path);
    return [mode & 0o7777, uid];
  };
  assert.deepEqual(modeAndUser(dumps), [0o700, serviceUid]);
  for (const name of names()) assert.deepEqual(modeAndUser(join(dumps, name)), [0o600, serviceUid]);
  assert.equal(fs.statSync(join(dumps, "..")).mode & 0o777, 0o755);
});

test("an answer is on disk while it flows", async () => {
  upstream.mode = "stream";
  upstream.eventCount = 1000;
  await start();
  const socket = net.connect(proxy?.port as number, "127.0.0.1");
  socket.write(rawPost({ body: '{"stream":true}' }));
  socket.on("data", () => {}).on("error", () => {});
  await waitFor(() => {
    const name = fs.existsSync(dumps) && nameOf("response");
    return Boolean(name) && read(name as string).includes("piece 1 ");
  }, "the second event in the file");
  const early = read(nameOf("response") as string);
  assert.ok(!early.includes("response.completed") && !early.endsWith("}\n"), "it has not ended");
  socket.destroy();
  const { complete, body } = await dumpOf("response");
  assert.deepEqual([complete, body.includes("response.completed")], [false, false]);
});

test("header values are shown by an allow-list, in both directions", async () => {
  await start(`${upstream.url}?api-version=1`);
  upstream.mode = "manyHeaders";
  const secrets = ["X-Api-Key", "Api-Key", "X-Auth-Token", "ChatGPT-Account-ID", "X-Amz-Security-Token"];
  const dropped = ["Proxy-Authorization", "Authorization", "Cookie"];
  const headers = [...secrets, ...dropped].map((name) => `${name}: hush-${name.toLowerCase()}`);
  await post({ headers: [...headers, "Accept: text/event-stream"] });
  const request = await dumpOf("request");
  assert.equal(request.url, "/v1/responses?api-version=1");
  assert.deepEqual(
    request.headers.filter(({ value }: { value: string }) => value !== "[REDACTED]"),
    [
      { name: "Content-Type", value: "application/json" },
      { name: "Accept", value: "text/event-stream" },
      { name: "Content-Length", value: "2" },
    ],
  );
  assert.equal(request.headers.length, secrets.length + 4);
  const response = await dumpOf("response");
  const shown = response.headers.filter(({ value }: { value: string }) => value !== "[REDACTED]");
  assert.deepEqual(
    shown.map(({ name }: { name: string }) => name),
    ["Content-Type", "X-Request-Id", "Connection", "Retry-After", "Content-Length"],
  );
  for (const name of names()) assert.ok(!/hush|s=1|t=2/.test(read(name)), name);
});

describe("the key", () => {
  /** An upstream that answers with what it is told to, in two writes. */
  async function startEcho(contentType: string, first: string, second: string) {
    const server = http.createServer(async (request, response) => {
      request.resume();
      await once(request, "end");
      response.writeHead(200, { "content-type": contentType, "user-agent": first + second });
      response.write(first);
      await sleep(100);
      response.end(second);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/responses`;
    return { url, close: () => server.close() };
  }

  const half = testKey.length / 2;
  const [begin, end] = [testKey.slice(0, half), testKey.slice(half)];
  // Stands in the same places as the key: what the search finds of it proves that it looks there.
  const marker = "marker-0123456789";

  for (const contentType of ["application/json", "text/event-stream", "text/plain"]) {
    test(`is in no file, sent by a client or echoed as ${contentType}, whole or split`, async () => {
      const quote = contentType === "application/json" ? '"' : "";
      const text = `${quote}${marker} ${testKey} ${testKey}`;
      const echo = await startEcho(contentType, text.slice(0, -half), text.slice(-half) + quote);
      await start(echo.url);
      const body = `{"input":"${marker} ${testKey}"}`;
      const head = rawPost({ body, headers: [`User-Agent: ${marker} ${testKey}`, `X-${testKey}: 1`] });
      const socket = net.connect(proxy?.port as number, "127.0.0.1");
      socket.on("data", () => {});
      const cut = head.lastIndexOf(end);
      socket.write(head.slice(0, cut));
      await sleep(100);
      socket.write(head.slice(cut));
      const request = await dumpOf("request");
      const response = await dumpOf("response");
      socket.destroy();
      echo.close();

      const stars = "*".repeat(testKey.length);
      assert.deepEqual(request.body, { input: `${marker} ${stars}` });
      assert.deepEqual(response.body, `${marker} ${stars} ${stars}`);
      const all = Buffer.concat(names().map((name) => fs.readFileSync(join(dumps, name))));
      const occurrences = (needle: string) => all.toString("latin1").split(needle).length - 1;
      assert.deepEqual([occurrences(testKey), occurrences(begin), occurrences(end)], [0, 0, 0]);
      assert.equal(occurrences(marker), 4);
      assert.equal(occurrences(stars), 7);
    });
  }

  test("goes on to the upstream as the client has sent it: only the dump is masked", async () => {
    await start();
    const body = `{"input":"${testKey}"}`;
    for (const request of [rawPost({ body }), chunkedPost(body)]) {
      assert.equal((await sendRaw(proxy?.port as number, request, { until: isWhole })).status, 200);
      assert.equal(upstream.requests.at(-1)?.body, body);
    }
  });

  test("would be found: half of it, which is not the key, is written as it is", async () => {
    await start();
    await post({ body: `{"input":"${begin} ${end}"}`, headers: [`User-Agent: ${end}${begin}`] });
    const { headers, body } = await dumpOf("request");
    assert.deepEqual(body, { input: `${begin} ${end}` });
    assert.equal(headers[2].value, `${end}${begin}`);
  });
});

describe("what is cut", () => {
  for (const mode of ["closeMidStream", "resetMidStream"] as const) {
    test(`${mode}: the dump has what came, and says that it is not complete`, async () => {
      upstream.mode = mode;
      await start();
      await post();
      const { status, body, complete, ...others } = await dumpOf("response");
      assert.deepEqual([status, complete, Object.keys(others)], [200, false, ["headers"]]);
      assert.match(body, /^event: response\.created\n[\s\S]*\n\n$/);
    });
  }

  test("half a JSON answer is a string", async () => {
    upstream.mode = "truncated";
    await start();
    await post();
    const { body, complete } = await dumpOf("response");
    assert.deepEqual([body, complete], ['{"partial":', false]);
  });

  test("a request that its client gives up while it is sent is not complete, and has no answer", async () => {
    await start();
    const socket = net.connect(proxy?.port as number, "127.0.0.1");
    socket.write(chunkedPost('{"input":"to be c').slice(0, -"0\r\n\r\n".length));
    await waitFor(() => fs.existsSync(dumps) && names().length === 1, "the request's dump");
    await sleep(50);
    socket.destroy();
    const { body, complete } = await dumpOf("request");
    assert.deepEqual([body, complete], ['{"input":"to be c', false]);
    assert.equal(names().length, 1);
  });

  test("what flows at the end of the proxy is ended as incomplete, not lost", async () => {
    upstream.mode = "stream";
    upstream.eventCount = 1000;
    await start();
    const socket = net.connect(proxy?.port as number, "127.0.0.1");
    socket.write(rawPost({ body: '{"stream":true}' }));
    socket.on("data", () => {}).on("error", () => {});
    await waitFor(() => fs.existsSync(dumps) && nameOf("response") !== undefined, "the answer's dump");
    proxy?.kill("SIGTERM");
    await sleep(50);
    proxy?.kill("SIGTERM");
    assert.equal((await proxy?.ended)?.code, 0);
    const { complete, body } = await dumpOf("response");
    assert.equal(complete, false);
    assert.match(body, /^event: response\.created\n/);
  });
});

test("a body of megabytes goes through and is dumped as the JSON that it is", async () => {
  await start();
  const input = Array.from({ length: 50_000 }, (_, i) => ({ i, text: `número ${i} ${"x".repeat(60)}` }));
  const request = http.request(`${proxy?.baseUrl}/v1/responses`, {
    method: "POST",
    headers: { "content-type": "application/json" },
  });
  request.end(JSON.stringify({ input }));
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.resume();
  assert.equal(response.statusCode, 200);
  const { body, rest, complete } = await dumpOf("request");
  assert.deepEqual([body.input.length, rest, complete], [50_000, undefined, undefined]);
  assert.deepEqual(body, { input });
});

test("requests that are refused leave no dump", async () => {
  await start();
  for (const options of [
    { line: "GET /v1/responses HTTP/1.1" },
    { line: "POST /v1/other HTTP/1.1" },
    { headers: ["Origin: http://web.test"] },
    { contentType: "text/plain" },
    { host: "elsewhere.test" },
  ]) {
    assert.equal((await post(options)).status, 403);
  }
  await post();
  await dumpOf("response");
  assert.deepEqual(
    names().map((name) => name.slice(0, 6)),
    ["000001", "000001"],
  );
});

test("when the disk is full each dump is given up with one warning, and everybody is served", async (t) => {
  const disk = join(root, "full");
  fs.mkdirSync(disk);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k,mode=0755", "none", disk]);
  if (mounted.status !== 0) return t.skip("needs root, to mount a small disk");
  try {
    await start(upstream.url, join(disk, "dumps"));
    for (let i = 0; i < 4; i++) {
      const body = `{"input":"${"x".repeat(200_000)}"}`;
      const answer = await post({ body });
      assert.equal(answer.status, 200);
      assert.ok(isWhole(answer.text));
      const warnings = () => proxy?.output.stderr.match(/codex: warning: .*/g) ?? [];
      await waitFor(() => warnings().length === i + 1, "the warning");
      assert.match(
        warnings()[i] as string,
        new RegExp(`^codex: warning: dump 00000${i + 1}-\\d+ given up: ENOSPC$`),
      );
    }
    await proxy?.stop();
    proxy = undefined;
  } finally {
    execFileSync("umount", [disk]);
  }
});

describe("a directory that will not do is refused with exit 1", () => {
  const check = async (folder: string, reason: RegExp, run = refuse) => {
    const { code, stderr } = await run(folder);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^codex: error: creating --dump-dir .*\ncodex: hint: .*\n$/);
    assert.match(stderr, reason);
  };
  const make = (mode: number, name = "there") => {
    const folder = join(root, `${name}-${count++}`);
    fs.mkdirSync(folder);
    fs.chmodSync(folder, mode);
    return folder;
  };

  test("a file, or one on the way", async () => {
    const file = join(make(0o755), "file");
    fs.writeFileSync(file, "");
    await check(file, /Not a directory/);
    await check(join(file, "dumps"), /file is not a directory/);
  });

  test("a symbolic link, its owner's own too", async () => {
    const target = make(0o700);
    fs.symlinkSync(target, `${target}-link`);
    await check(`${target}-link`, /is a symbolic link/);
  });

  test("one that others may enter or write, or that lies where they may put another", async () => {
    for (const mode of [0o755, 0o710, 0o777, 0o1777]) {
      const folder = make(mode);
      if (isRoot) fs.chownSync(folder, 60001, 60001);
      await check(folder, /others may use it/);
      assert.equal(fs.statSync(folder).mode & 0o7777, mode, "it is left as it was");
    }
    await check(join(make(0o777), "dumps"), /can be written by every user/);
  });

  test("one where nothing can be written", async () => {
    await check("/proc/dumps", /\/proc\/dumps (No such file or directory|Permission denied)/);
  });

  test("another user's, and one below it", { skip: !isRoot && "needs root" }, async () => {
    const theirs = make(0o700);
    fs.chownSync(theirs, 60002, 60002);
    await check(theirs, /belongs to another user than 60001/);
    await check(join(theirs, "dumps"), /belongs to another user\n/);
    assert.deepEqual(fs.readdirSync(theirs), []);
    const link = join(root, "their-link");
    fs.symlinkSync(make(0o755), link);
    fs.lchownSync(link, 60002, 60002);
    await check(join(link, "dumps"), /their-link belongs to another user\n/);
    fs.symlinkSync("their-link", join(root, "own-link"));
    await check(join(root, "own-link", "dumps"), /their-link belongs to another user\n/);
  });

  test("root's own with something in it is not given away", { skip: !isRoot && "needs root" }, async () => {
    const folder = make(0o700);
    fs.writeFileSync(join(folder, "precious"), "");
    await check(folder, /belongs to another user than 60001/);
    assert.equal(fs.statSync(folder).uid, 0);
  });

  test("root's, for a user who is not root", { skip: skipWithoutOtherUser }, async () => {
    const run = (folder: string) =>
      runProxy({ args: ["--dump-dir", folder], input: `${testKey}\n`, through: asOtherUser });
    await check(join(make(0o755), "dumps"), /dumps Permission denied/, run);
    await check(make(0o755), /Permission denied|belongs to another user/, run);
  });
});

test("a directory of one's own, and dumps of before, are used as they are", async () => {
  for (let i = 0; i < 2; i++) {
    await start();
    await post();
    await dumpOf("response");
    await waitFor(() => names().length === 2 * (i + 1), "the other dumps");
    await proxy?.stop();
  }
  assert.equal(names().length, 4);
});

test("a private folder above it does not matter to who serves", {
  skip: !isRoot && "needs root",
}, async () => {
  const above = join(root, "private");
  fs.mkdirSync(above, { mode: 0o700 });
  dumps = join(above, "dumps");
  await start();
  await post();
  await dumpOf("response");
});

test("a user who is not root dumps into a new directory", { skip: skipWithoutOtherUser }, async () => {
  const above = join(root, "theirs");
  fs.mkdirSync(above);
  fs.chownSync(above, 60001, 60001);
  execFileSync("chmod", ["1777", root]); // root's or his own: what is above may be a folder like /tmp
  dumps = join(above, "dumps");
  proxy = await startProxy({
    args: ["--upstream-url", upstream.url, "--dump-dir", dumps],
    through: asOtherUser,
  });
  await post();
  assert.equal((await dumpOf("response")).status, 200);
  assert.equal(fs.statSync(dumps).mode & 0o777, 0o700);
});

test("--check makes nothing, and says what the option opens", async () => {
  const rowsOf = async (...args: string[]) => {
    const { code, stdout, stderr } = await runProxy({ args: [...quietUser, "--check", "--json", ...args] });
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    return JSON.parse(stdout) as { name: string; state: string; reason: string }[];
  };
  const without = (await rowsOf()).map(({ name }) => name);
  const rows = await rowsOf("--dump-dir", dumps);
  assert.ok(!fs.existsSync(dumps));
  const added = rows.filter(({ name }) => !without.includes(name));
  assert.deepEqual(
    added.map(({ name, state }) => ({ name, state })),
    [{ name: "new files confined", state: "on" }],
  );
  assert.match(added[0]?.reason as string, /^--dump-dir opens making files: there alone/);
  assert.match(
    rows.find(({ name }) => name === "resource limits")?.reason as string,
    /not file size|posix is not installed/,
  );
});
