// --audit-log: one line for each request, with what is known of it and nothing that is secret; into a file
// that nobody else can write, and where it cannot be written, nobody is served.

import assert from "node:assert/strict";
import { execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { verifyChain } from "../../../proxy/audit/verify-chain.ts";
import { askUnix } from "../../admin/unix-client.ts";
import { wholeAnswer } from "../../mock/response-events.ts";
import { type MockUpstream, startMockUpstream } from "../../mock/upstream.ts";
import {
  asOtherUser,
  launcher,
  quietUser,
  type RunningProxy,
  runProxy,
  skipWithoutOtherUser,
  startProxy,
  testKey,
} from "../../proxy-process.ts";
import { isWhole, rawPost, sendRaw } from "../../raw-http.ts";
import { waitFor } from "../../wait-for.ts";

const isRoot = process.geteuid?.() === 0;
const user = execFileSync("id", ["-un"], { encoding: "utf8" }).trim();

const run = promisify(execFile);

let folder: string;
let file: string;
let upstream: MockUpstream;
let proxy: RunningProxy | undefined;
let count = 0;

before(async () => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-audit-"));
  fs.chmodSync(folder, 0o755);
  upstream = await startMockUpstream({ expectedKey: testKey });
});
after(async () => {
  await upstream.close();
  fs.rmSync(folder, { recursive: true });
});
beforeEach(() => {
  file = join(folder, `${count++}.log`);
  upstream.mode = "plain";
});
afterEach(async () => {
  await proxy?.stop();
  proxy = undefined;
});

async function start(args: readonly string[] = [], url = upstream.url): Promise<RunningProxy> {
  proxy = await startProxy({ args: [...quietUser, "--upstream-url", url, "--audit-log", file, ...args] });
  return proxy;
}

type Record = { readonly [member: string]: unknown };
const read = (path = file) => fs.readFileSync(path, "utf8");
const records = (): Record[] =>
  read()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
const requests = () => records().filter(({ event }) => event === "request");

/** The record of the given number among those of requests, once it is there. */
async function requestRecord(number = 1): Promise<Record> {
  await waitFor(() => requests().length >= number, `record ${number}`);
  return requests()[number - 1] as Record;
}

const post = (body = "{}", headers: readonly string[] = []) =>
  sendRaw((proxy as RunningProxy).port, rawPost({ body, headers }), { until: isWhole });

/** Without what differs from run to run, after a look at its form. */
function stable(record: Record): Record {
  const { time, id, duration_ms, ttfb_ms, ...rest } = record;
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.match(String(id), /^[0-9a-f-]{36}$/);
  assert.ok(Number(duration_ms) >= Number(ttfb_ms ?? 0));
  return rest;
}

const us = { event: "request", transport: "tcp", uid: process.geteuid?.(), user };
const usage = { input: 12, cached: 0, output: 5, reasoning: 0, total: 17 };

describe("a record", () => {
  test("tells what is known of a request that was forwarded, as stream or document", async () => {
    await start();
    for (const body of ['{"model":"gpt-5","stream":true}', '{"model":"gpt-5.1"}']) {
      const { text } = await post(body);
      assert.match(text, /^HTTP\/1\.1 200 /);
    }
    const [first, second] = [await requestRecord(1), await requestRecord(2)];
    const { bytes_out, ...rest } = stable(first);
    assert.ok(Number(bytes_out) > 1000);
    const known = { ...us, verdict: "forwarded", status: 200, usage, complete: true };
    assert.deepEqual(rest, { ...known, model: "gpt-5", bytes_in: 31 });
    const answer = JSON.stringify(wholeAnswer("Hello from the mock upstream."));
    assert.deepEqual(stable(second), { ...known, model: "gpt-5.1", bytes_in: 19, bytes_out: answer.length });
  });

  test("tells the rule of a refusal, and the failure of one that could not be forwarded", async () => {
    await start();
    const { port } = proxy as RunningProxy;
    await sendRaw(port, rawPost({ line: "GET / HTTP/1.1" }), { until: isWhole });
    await sendRaw(port, "nonsense\r\n\r\n", { until: isWhole });
    upstream.mode = "resetBeforeHeaders";
    await post('{"model":"m"}');
    upstream.mode = "resetMidStream";
    await post('{"model":"m","stream":true}');
    upstream.mode = "rateLimit";
    await post();
    await requestRecord(5);
    assert.deepEqual(
      requests().map(({ verdict, rule, status, complete, usage }) => [
        verdict,
        rule,
        status,
        complete,
        usage,
      ]),
      [
        ["refused", "PXY_ERR_TARGET", 403, true, undefined],
        ["refused", "PXY_ERR_BAD_REQUEST", 400, true, undefined],
        ["forwarded", "PXY_ERR_UPSTREAM", 502, false, undefined],
        ["forwarded", "PXY_ERR_UPSTREAM", 200, false, undefined],
        ["forwarded", undefined, 429, true, undefined],
      ],
    );
  });

  test("tells of a client that left before its answer", async () => {
    await start();
    upstream.mode = "silence";
    const socket = net.connect((proxy as RunningProxy).port, "127.0.0.1");
    socket.write(rawPost({ body: '{"model":"m"}' }));
    const before = upstream.requests.length;
    await waitFor(() => upstream.requests.length > before, "the request at the upstream");
    socket.destroy();
    const { bytes_in, ...rest } = stable(await requestRecord());
    assert.deepEqual(
      [bytes_in, rest],
      [13, { ...us, verdict: "forwarded", model: "m", bytes_out: 0, complete: false }],
    );
  });

  test("has no byte of bodies, header values or the key", async () => {
    await start([], `${upstream.url}?api-version=hush`);
    upstream.mode = "manyHeaders";
    await post(`{"model":"m","input":"hush ${testKey}"}`, [
      "X-A: hush",
      "Authorization: Bearer hush",
      "User-Agent: hush",
    ]);
    await post(`{"model":"${testKey.slice(3)}"}`);
    const record = await requestRecord();
    assert.equal(record.upstream_request_id, "req_1");
    assert.ok(!/hush|s=1|Fine/.test(read()) && !read().includes(testKey));
  });

  test("is one line, whatever a client calls its model", async () => {
    await start();
    const models = [
      'a"b',
      "a\nb",
      "\u001b[2J",
      "\u009b31m",
      "\u2028",
      "m".repeat(1024 * 1024),
      '{"event":"end"}',
    ];
    for (const model of models) await post(JSON.stringify({ model }));
    await requestRecord(models.length);
    assert.deepEqual(
      requests().map(({ model }) => model),
      ["a?b", "a?b", "??2J", "??31m", "???", `${"m".repeat(63)}~`, "??event?:?end??"],
    );
    assert.ok(/^[\x20-\x7e\n]*$/.test(read()));
  });

  test("knows the user, process and program of each client", { skip: skipWithoutOtherUser }, async () => {
    const socket = join(folder, "client.sock");
    await start(["--port", "0", "--socket", socket, "--socket-mode", "0666"]);
    const curl = ["curl", "-s", "-H", "content-type: application/json", "-d", '{"model":"m"}'];
    const byTcp = [...asOtherUser, ...curl, `${(proxy as RunningProxy).baseUrl}/v1/responses`];
    await run(byTcp[0] as string, byTcp.slice(1));
    await run(curl[0] as string, [
      ...curl.slice(1),
      "--unix-socket",
      socket,
      "http://localhost/v1/responses",
    ]);
    await requestRecord(2);
    const [other, own] = requests();
    assert.deepEqual([other?.transport, other?.uid], ["tcp", 60001]);
    assert.deepEqual([own?.transport, own?.uid, own?.user], ["unix", process.geteuid?.(), user]);
    assert.ok(Number(own?.pid) > 1);
    assert.match(String(own?.executable), /curl$/);
  });

  /** An upstream that answers with these bytes behind a head of its own. */
  async function answering(
    headers: http.OutgoingHttpHeaders,
    body: Buffer,
  ): Promise<{ url: string; close(): void }> {
    const server = http.createServer((request, response) => {
      request.resume().on("end", () => response.writeHead(200, headers).end(body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}/v1/responses`, close: () => server.close() };
  }

  test("has the usage of a compressed answer, and none of one that is broken or a bomb", async () => {
    const whole = gzipSync(JSON.stringify(wholeAnswer("x")));
    const bomb = gzipSync(`{"a":"${"x".repeat(80 * 1024 * 1024)}","usage":{"input_tokens":1}}`);
    for (const [body, expected] of [
      [whole, usage],
      [whole.subarray(0, 60), undefined],
      [Buffer.from("no gzip"), undefined],
      [bomb, undefined],
    ] as const) {
      file = join(folder, `${count++}.log`);
      const server = await answering(
        { "content-type": "application/json", "content-encoding": "gzip" },
        body,
      );
      await start([], server.url);
      await post();
      const record = await requestRecord();
      assert.deepEqual([record.usage, record.bytes_out, record.complete], [expected, body.length, true]);
      await proxy?.stop();
      server.close();
    }
  });

  test("has model and usage also where a body is said to be `identity`, which is no coding", async () => {
    const headers = { "content-type": "application/json", "content-encoding": "identity" };
    const server = await answering(headers, Buffer.from(JSON.stringify(wholeAnswer("x"))));
    await start([], server.url);
    await post('{"model":"plain"}', ["Content-Encoding: Identity"]);
    await post('{"model":"plain"}', ["Content-Encoding: gzip"]);
    await requestRecord(2);
    assert.deepEqual(
      requests().map((record) => [record.model, record.usage]),
      [
        ["plain", usage],
        [undefined, usage],
      ],
    );
    server.close();
  });

  test("is harmless, whatever the upstream calls a request", async () => {
    const server = await answering({ "x-request-id": `"\\}${"i".repeat(10_000)}\xff` }, Buffer.from("x"));
    await start([], server.url);
    await post();
    const { upstream_request_id } = await requestRecord();
    assert.equal(upstream_request_id, `???${"i".repeat(124)}~`);
    server.close();
  });
});

test("a flood of refusals is told in sums, and none is forgotten", async () => {
  await start();
  const { port } = proxy as RunningProxy;
  const socket = net.connect(port, "127.0.0.1");
  const total = 600;
  let answers = 0;
  socket.on("data", (data) => {
    answers += data.toString("latin1").split("HTTP/1.1 403").length - 1;
  });
  for (let i = 0; i < total; i++) socket.write("GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await waitFor(() => answers === total, "every answer");
  socket.destroy();
  await proxy?.stop();
  const sums = records().filter(({ event }) => event === "refusals");
  assert.ok(requests().length < 200, "a burst, and some each second");
  assert.equal(requests().length + sums.reduce((sum, { count }) => sum + Number(count), 0), total);
  assert.deepEqual(
    sums.map(({ rule, uid, transport }) => [rule, uid, transport]),
    [["PXY_ERR_TARGET", process.geteuid?.(), "tcp"]],
  );
});

describe("the file", () => {
  test("is made for its owner to write and a group to read, and says when the proxy began and ended", async () => {
    await start();
    assert.equal(fs.statSync(file).mode & 0o7777, 0o640);
    assert.equal(fs.statSync(file).uid, process.geteuid?.());
    await proxy?.stop();
    assert.deepEqual(
      records().map(({ event }) => event),
      ["start", "end"],
    );
  });

  test("has a record of what was cut off at the end", async () => {
    await start(["--drain-timeout-ms", "50"]);
    upstream.mode = "silence";
    const before = upstream.requests.length;
    const socket = net.connect((proxy as RunningProxy).port, "127.0.0.1").on("error", () => {});
    socket.write(rawPost({ body: '{"model":"cut"}' }));
    await waitFor(() => upstream.requests.length > before, "the request at the upstream");
    await proxy?.stop();
    assert.deepEqual(
      records().map(({ event, model, complete }) => [event, model, complete]),
      [
        ["start", undefined, undefined],
        ["request", "cut", false],
        ["end", undefined, undefined],
      ],
    );
  });

  const refused: [what: string, make: () => void, reason: RegExp][] = [
    ["a symbolic link", () => fs.symlinkSync("/etc/passwd", file), /is a symbolic link/],
    ["a folder", () => fs.mkdirSync(file), /is not a file/],
    [
      "a file with another name",
      () => {
        fs.writeFileSync(`${file}.1`, "");
        fs.linkSync(`${file}.1`, file);
      },
      /has another name too/,
    ],
    [
      "a file that others may write",
      () => {
        fs.writeFileSync(file, "");
        fs.chmodSync(file, 0o666);
      },
      /can be written by others/,
    ],
    [
      "a device",
      () => {
        file = "/dev/full";
      },
      /is not a file/,
    ],
    [
      "a file in a folder that every user may write",
      () => {
        fs.mkdirSync(file);
        fs.chmodSync(file, 0o777);
        file = join(file, "log");
      },
      /can be written by every user/,
    ],
    [
      "a file in a folder that is missing",
      () => {
        file = join(file, "log");
      },
      /No such file/,
    ],
    [
      "one that does not end in a line",
      () => fs.writeFileSync(file, "x".repeat(100_000)),
      /its last line is no record/,
    ],
    [
      "a file of something else, whose last line would be cut off",
      () => fs.writeFileSync(file, "one\nthe last one", { mode: 0o600 }),
      /its last line is no record/,
    ],
  ];
  for (const [what, make, reason] of refused) {
    test(`is not ${what}`, async () => {
      make();
      const { code, stderr } = await runProxy({
        args: [...quietUser, "--audit-log", file],
        input: `${testKey}\n`,
      });
      assert.equal(code, 1, stderr);
      assert.match(stderr, reason);
      assert.match(stderr, /codex: hint: give stderr, journal or a file/);
    });
  }

  test("is not another user's", { skip: skipWithoutOtherUser }, async () => {
    fs.writeFileSync(file, "");
    fs.chownSync(file, 60002, 60002);
    const { code, stderr } = await runProxy({
      args: [...quietUser, "--audit-log", file],
      input: `${testKey}\n`,
    });
    assert.deepEqual([code, /belongs to another user/.test(stderr)], [1, true], stderr);
  });

  test("belongs to one proxy at a time", async () => {
    await start();
    const { code, stderr } = await runProxy({
      args: [...quietUser, "--audit-log", file],
      input: `${testKey}\n`,
    });
    assert.deepEqual([code, /is the audit log of a proxy that runs/.test(stderr)], [1, true], stderr);
  });

  test("is not made by --check", async () => {
    const { code } = await runProxy({ args: ["--check", "--audit-log", file, ...quietUser] });
    assert.deepEqual([code, fs.existsSync(file)], [0, false]);
  });

  test("can be cut while it is written, as copytruncate does", async () => {
    await start(["--audit-chain"]);
    await post();
    await requestRecord();
    fs.copyFileSync(file, `${file}.1`);
    fs.truncateSync(file);
    await post();
    await waitFor(() => fs.statSync(file).size > 0, "a record behind the cut");
    assert.ok(!read().startsWith("\0"), "no hole");
    await proxy?.stop();
    assert.deepEqual(verifyChain([`${file}.1`, file]).findings, []);
  });
});

test("a disk that is full stops new requests, and those records that waited are whole when there is room", {
  skip: isRoot ? false : "needs root, to make a small disk",
}, async () => {
  const disk = fs.mkdtempSync(join(folder, "disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k,mode=755", "tmpfs", disk]);
  try {
    file = join(disk, "audit.log");
    const admin = join(folder, "full.sock");
    const ready = () => askUnix(admin, "GET /readyz");
    await start(["--audit-chain", "--admin-socket", admin]);
    assert.equal((await post()).status, 200);
    assert.equal((await ready()).status, 200);
    await requestRecord();
    const filler = fs.openSync(join(disk, "filler"), "w");
    assert.throws(() => {
      for (;;) fs.writeSync(filler, Buffer.alloc(4096));
    }, /ENOSPC/);
    fs.closeSync(filler);
    // What is left of the last page takes some records more.
    let refused = "";
    for (let i = 0; i < 50 && refused === ""; i++) {
      const { status, text } = await post('{"model":"full"}');
      if (status !== 200) refused = text;
    }
    assert.match(refused, /^HTTP\/1\.1 503 /);
    assert.match(refused, /"code":"PXY_ERR_AUDIT"/);
    const waiting = /audit records cannot be written \(ENOSPC\): requests are refused until they can/;
    assert.match((proxy as RunningProxy).output.stderr, waiting);
    const reason = "audit records cannot be written";
    const body = `${JSON.stringify({ status: "not ready", reason })}\n`;
    assert.deepEqual(await ready(), { status: 503, body });
    fs.rmSync(join(disk, "filler"));
    await waitFor(
      () => /records are written again/.test((proxy as RunningProxy).output.stderr),
      "an end of it",
    );
    assert.equal((await post()).status, 200);
    assert.equal((await ready()).status, 200);
    await proxy?.stop();
    assert.deepEqual(verifyChain([file]).findings, []);
    assert.ok(requests().some(({ rule }) => rule === "PXY_ERR_AUDIT"));
  } finally {
    await proxy?.stop();
    execFileSync("umount", [disk]);
  }
});

describe("a chain", () => {
  const verify = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(launcher, ["audit", "verify", ...args], {
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  };
  const headOf = ({ output }: RunningProxy) =>
    /audit head: \d+ ([0-9a-f]{64})/.exec(output.stderr)?.[1] as string;

  test("goes on after a restart, and is intact", async () => {
    for (let i = 0; i < 3; i++) {
      await start(["--audit-chain"]);
      await post();
      await proxy?.stop();
    }
    const head = headOf(proxy as RunningProxy);
    const { status, stdout } = verify(file, "--head", head);
    assert.deepEqual([status, stdout], [0, `intact: 9 records of 3 requests, head 9 ${head}\n`]);
  });

  test("that is cut while the proxy runs is found by asking it", async () => {
    const socket = join(folder, "admin.sock");
    await start(["--audit-chain", "--admin-socket", socket]);
    for (let i = 0; i < 3; i++) await post();
    assert.equal(verify(file, "--admin-socket", socket).status, 0);
    const lines = read().split("\n");
    fs.writeFileSync(file, `${lines.slice(0, -2).join("\n")}\n`);
    const { status, stdout } = verify(file, "--admin-socket", socket);
    assert.equal(status, 1);
    assert.match(stdout, /:3: the record with the hash [0-9a-f]{64} is missing/);
  });

  test("that was changed is named with its place and exit code 1", async () => {
    await start(["--audit-chain"]);
    await post('{"model":"dear"}');
    await proxy?.stop();
    fs.writeFileSync(file, read().replace("dear", "free"));
    const { status, stdout, stderr } = verify(file);
    assert.deepEqual(
      [status, stdout],
      [1, `${file}:2: record 2 was changed: its hash is not that of its text\n`],
    );
    assert.match(stderr, /codex: error: the log is not as it was written/);
  });

  test("has a gap that tells of a kill, and goes on behind what was half written", async () => {
    await start(["--audit-chain"]);
    await post();
    await requestRecord();
    proxy?.kill("SIGKILL");
    await proxy?.ended;
    fs.appendFileSync(file, '{"seq":3,"prev"');
    await start(["--audit-chain"]);
    await proxy?.stop();
    assert.equal(records().find(({ event, seq }) => event === "start" && seq === 3)?.unfinished_bytes, 15);
    assert.match(verify(file).stdout, /:3: record 3 is a start without an end before it/);
    assert.equal(verify(file, "--accept-kills").status, 0);
  });

  test("is not begun behind other records, nor they behind it", async () => {
    await start(["--audit-chain"]);
    await proxy?.stop();
    const run = (...args: string[]) =>
      runProxy({ args: [...quietUser, "--audit-log", file, ...args], input: `${testKey}\n` });
    assert.match((await run()).stderr, /it ends in a chained record: give --audit-chain/);
    fs.writeFileSync(file, '{"event":"request"}\n');
    assert.match((await run("--audit-chain")).stderr, /it does not end in a record of a chain/);
  });
});

test("records that a full disk takes no more until the end are counted in the last message", {
  skip: isRoot ? false : "needs root, to make a small disk",
}, async () => {
  const disk = fs.mkdtempSync(join(folder, "disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=16k,mode=755", "tmpfs", disk]);
  try {
    file = join(disk, "audit.log");
    const { output } = await start();
    fs.writeFileSync(join(disk, "filler"), Buffer.alloc(12 * 1024));
    let sent = 0;
    for (let status: number | undefined = 200; status === 200; sent++) ({ status } = await post());
    await proxy?.stop();
    const written = read().split("\n").slice(0, -1).length;
    // Besides the requests there are a start and an end.
    const lost = new RegExp(`^codex: warning: ${sent + 2 - written} audit records are lost: `, "m");
    assert.match(output.stderr, lost);
  } finally {
    await proxy?.stop();
    execFileSync("umount", [disk]);
  }
});

test("records go to stderr in lines among others", async () => {
  proxy = await startProxy({
    args: [...quietUser, "--upstream-url", upstream.url, "--audit-log", "stderr"],
  });
  assert.equal((await post('{"model":"m"}')).status, 200);
  const { output } = proxy;
  await waitFor(() => /"event":"request"/.test(output.stderr), "the record");
  const line = output.stderr.split("\n").find((line) => line.includes('"request"')) as string;
  assert.equal(JSON.parse(line).model, "m");
});

test("where nobody reads stderr for a while, requests are refused until somebody does", async () => {
  const child = spawn(launcher, [...quietUser, "--upstream-url", upstream.url, "--audit-log", "stderr"], {
    stdio: ["pipe", "ignore", "pipe"],
  });
  let text = "";
  child.stdin.end(`${testKey}\n`);
  child.stderr.on("data", (chunk) => {
    text += chunk;
  });
  await waitFor(() => /listening on 127\.0\.0\.1:\d+/.test(text), "a start", 20_000);
  const port = Number(/listening on 127\.0\.0\.1:(\d+)/.exec(text)?.[1]);
  child.stderr.pause();
  let refused = false;
  for (let i = 0; i < 2000 && !refused; i++) {
    refused = (await sendRaw(port, rawPost(), { until: isWhole })).status === 503;
    if (i > 500) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(refused, "the pipe is full");
  child.stderr.resume();
  let isServed = false;
  for (let i = 0; i < 500 && !isServed; i++) {
    isServed = (await sendRaw(port, rawPost(), { until: isWhole })).status === 200;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(isServed, "somebody reads again");
  child.kill("SIGTERM");
  await once(child, "close");
  const lines = text.split("\n").filter((line) => line.startsWith("{"));
  for (const line of lines) JSON.parse(line);
  assert.ok(lines.length > 100);
});

const journal = "/run/systemd/journal/socket";

test("records go to the journal by its own protocol, with fields to look them up by", {
  skip: !isRoot
    ? "needs root, to play the journal"
    : fs.existsSync(journal)
      ? "a journal runs here"
      : hasPython()
        ? false
        : "needs python3",
}, async () => {
  fs.mkdirSync(join(journal, ".."), { recursive: true });
  const program =
    "import socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.bind(sys.argv[1])\n" +
    "import os\nos.chmod(sys.argv[1],0o666)\nprint('bound',flush=True)\n" +
    "while True:\n  print(s.recv(65536).decode(),end='\\0',flush=True)\n";
  const child = spawn("python3", ["-c", program, journal], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  try {
    await waitFor(() => text.startsWith("bound\n"), "the journal");
    proxy = await startProxy({
      args: [...quietUser, "--upstream-url", upstream.url, "--audit-log", "journal", "--audit-chain"],
    });
    await post('{"model":"gpt-5"}');
    await proxy.stop();
    await waitFor(() => text.split("\0").length > 3, "three entries");
    const entries = text.slice("bound\n".length).split("\0").slice(0, -1);
    const fields = Object.fromEntries(
      (entries[1] as string)
        .trimEnd()
        .split("\n")
        .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
    const { MESSAGE, CODEX_REQUEST_ID, ...rest } = fields;
    assert.equal(JSON.parse(MESSAGE as string).id, CODEX_REQUEST_ID);
    assert.deepEqual(rest, {
      PRIORITY: "6",
      SYSLOG_IDENTIFIER: "codex-responses-api-proxy",
      CODEX_EVENT: "request",
      CODEX_TRANSPORT: "tcp",
      CODEX_CLIENT_UID: String(process.geteuid?.()),
      CODEX_CLIENT_USER: user,
      CODEX_VERDICT: "forwarded",
      CODEX_MODEL: "gpt-5",
      CODEX_STATUS: "200",
    });
    const log = entries.map((entry) => /^MESSAGE=(.*)$/m.exec(entry)?.[1]).join("\n");
    fs.writeFileSync(file, `${log}\n`);
    assert.deepEqual(verifyChain([file]).findings, []);
  } finally {
    child.kill();
    fs.rmSync(journal, { force: true });
  }
});

test("where there is no journal, a start that wants it fails and says so", {
  skip: fs.existsSync(journal) ? "a journal runs here" : false,
}, async () => {
  const { code, stderr } = await runProxy({
    args: [...quietUser, "--audit-log", "journal"],
    input: `${testKey}\n`,
  });
  assert.equal(code, 1);
  assert.match(stderr, /--audit-log journal: .*: No such file/);
});

function hasPython(): boolean {
  return spawnSync("python3", ["--version"]).status === 0;
}
