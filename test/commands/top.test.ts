// `top`: a page of what the proxy does, on a terminal that is given back as it was, and as text elsewhere.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { readStatusReport, sparkline, topPage } from "../../proxy/commands/top-page.ts";
import type { StatusReport } from "../../proxy/metrics/status-report.ts";
import { type MockUpstream, startMockUpstream } from "../mock/upstream.ts";
import { fc } from "../properties/settings.ts";
import {
  asOtherUser,
  launcher,
  quietUser,
  type RunningProxy,
  runProxy,
  skipWithoutOtherUser,
  startProxy,
} from "../proxy-process.ts";
import { rawPost, sendRaw } from "../raw-http.ts";
import { waitFor } from "../wait-for.ts";

let folder: string;
let socket: string;
let upstream: MockUpstream;
let proxy: RunningProxy;
let stream: Promise<unknown>;

before(async () => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-top-"));
  fs.chmodSync(folder, 0o755);
  socket = join(folder, "admin.sock");
  upstream = await startMockUpstream({ mode: "silenceAfterHeaders" });
  proxy = await startProxy({
    args: [...quietUser, "--upstream-url", upstream.url, "--admin-socket", socket],
  });
  stream = sendRaw(proxy.port, rawPost({ body: '{"model":"gpt-5","stream":true}' }), {
    timeoutMs: 60_000,
    until: () => false,
  });
  await waitFor(() => upstream.requests.length === 1, "a stream");
});
after(async () => {
  proxy.kill("SIGKILL");
  await proxy.ended;
  await stream;
  await upstream.close();
  fs.rmSync(folder, { recursive: true });
});

/** Runs a shell command on a terminal of its own. */
function onTerminal(command: string) {
  const child = spawn("script", ["-qec", command, "/dev/null"], { stdio: "pipe" });
  const output = { text: "" };
  child.stdout.on("data", (chunk) => {
    output.text += chunk;
  });
  const ended = once(child, "close").then(([code]) => code as number);
  return { child, output, ended };
}

const top = `${launcher} top --admin-socket`;

test("where stdout is no terminal it prints one page of plain text", async () => {
  const child = spawn(launcher, ["top", "--admin-socket", socket], { stdio: "pipe" });
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  const [code] = await once(child, "close");
  assert.equal(code, 0);
  assert.match(text, /^codex-responses-api-proxy .* pid \d+ {2}up /);
  assert.match(text, /\nopen: 1 /);
  assert.match(text, /\n\S+ +gpt-5 +[\d.]+s +200 /);
  assert.ok(/^[\x20-\x7e▁-█…\n]*$/.test(text), "no control characters");
});

describe("on a terminal", () => {
  const entered = "\x1b[?1049h\x1b[?25l";
  const left = "\x1b[?25h\x1b[?1049l";

  for (const [how, end] of [
    ["q", (child: ReturnType<typeof onTerminal>["child"]) => child.stdin.write("q")],
    ["Ctrl-C", (child: ReturnType<typeof onTerminal>["child"]) => child.stdin.write("\x03")],
  ] as const) {
    test(`it draws itself anew until ${how}, and leaves the terminal as it was`, async () => {
      const { child, output, ended } = onTerminal(`${top} ${socket} --interval-ms 100; stty -a`);
      await waitFor(() => output.text.split("\x1b[H").length > 3, "three pages", 10_000);
      end(child);
      assert.equal(await ended, 0);
      assert.ok(output.text.includes("gpt-5"));
      assert.ok(output.text.startsWith(entered));
      const after = output.text.slice(output.text.lastIndexOf(left));
      assert.ok(after.startsWith(left));
      assert.match(after, / icanon /);
      assert.match(after, / echo /);
    });
  }

  for (const [how, suspend] of [
    ["Ctrl-Z", (child: ReturnType<typeof onTerminal>["child"]) => child.stdin.write("\x1a")],
    ["SIGTSTP", () => process.kill(Number(fs.readFileSync(join(folder, "job"), "utf8")), "SIGTSTP")],
  ] as const) {
    test(`it is suspended by ${how} with the terminal as it was, and draws itself again when continued`, async () => {
      const script = join(folder, "job.sh");
      const job = `sh -c 'echo $$ > ${folder}/job; exec ${top} ${socket} --interval-ms 100'`;
      fs.writeFileSync(script, `set -m\n${job}\necho "stopped: $?"\nstty -a\necho continued\nfg\nstty -a\n`);
      const { child, output, ended } = onTerminal(`bash ${script}`);
      try {
        await waitFor(() => output.text.includes("gpt-5"), "a page", 10_000);
        suspend(child);
        await waitFor(() => output.text.includes("continued\r"), "the shell to have the terminal", 10_000);
        const [, meanwhile = ""] = output.text.split("stopped: 148");
        assert.match(meanwhile, / icanon /);
        assert.match(meanwhile, / echo /);
        const before = output.text.slice(0, output.text.indexOf("stopped: 148"));
        assert.ok(before.trimEnd().endsWith(left));
        const again = () => output.text.split("continued\r")[1] ?? "";
        await waitFor(() => again().split("\x1b[H").length > 3, "three pages", 10_000);
        assert.ok(again().includes(entered));
        child.stdin.write("q"); // not followed by Enter: it takes single keys again
        assert.equal(await ended, 0);
        assert.match(again().slice(again().lastIndexOf(left)), / icanon /);
      } finally {
        child.kill("SIGKILL");
      }
    });
  }

  test("it gives the terminal back when it is told to end", async () => {
    const { output, ended } = onTerminal(`sh -c 'echo $$ > ${folder}/pid; exec ${top} ${socket}'; stty -a`);
    await waitFor(() => output.text.includes("gpt-5"), "a page", 10_000);
    process.kill(Number(fs.readFileSync(join(folder, "pid"), "utf8")), "SIGTERM");
    await ended;
    assert.match(output.text.slice(output.text.lastIndexOf(left)), / icanon /);
  });
});

test("who may not read the admin socket is told who may", { skip: skipWithoutOtherUser }, async () => {
  const args = ["top", "--admin-socket", socket];
  const { code, stderr } = await runProxy({ args, through: asOtherUser });
  assert.equal(code, 3);
  assert.match(stderr, /does not answer \/status: EACCES\n/);
  assert.match(stderr, /^codex: hint: run it as root, .* --admin-socket-group lets in$/m);
});

test("a proxy that is not there, or something else, is named with the exit code", async () => {
  const other = http.createServer((_request, response) => response.end('{"open":3}'));
  const path = join(folder, "other.sock");
  await new Promise<void>((resolve) => other.listen(path, resolve));
  for (const [place, message] of [
    [join(folder, "none.sock"), /does not answer \/status: ENOENT/],
    [path, /does not answer \/status as a proxy would/],
  ] as const) {
    const child = spawn(launcher, ["top", "--admin-socket", place], { stdio: "pipe" });
    let text = "";
    child.stderr.on("data", (chunk) => {
      text += chunk;
    });
    const [code] = await once(child, "close");
    assert.equal(code, 3);
    assert.match(text, message);
  }
  other.close();
});

test("what is no report is refused, whatever is missing in it", () => {
  const report = {
    open: [{}],
    history: { requests: [], tokens: [], bytes: [], refusals: [], failures: [] },
    tokens: {},
    refusals: {},
    upstream_errors: {},
  };
  const read = (value: unknown) =>
    topPage(readStatusReport(value, "PATH"), { columns: 80, rows: 9, isStyled: false });
  assert.equal(read(report).length, 9, "the control");
  const broken = [
    ...Object.keys(report).map((member) => ({ ...report, [member]: undefined })),
    ...Object.keys(report.history).map((kind) => ({ ...report, history: { ...report.history, [kind]: 1 } })),
    { ...report, open: [null] },
    ...[null, 1, "x", []],
  ];
  for (const value of broken)
    assert.throws(() => read(value), /PATH does not answer \/status as a proxy would/);
});

test("no report puts anything on the terminal but its own, or writes beyond its edges", () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("\x1b[2J", "\u009b31m", "\r\n", "中文"),
  );
  const anything = fc.oneof(fc.nat(), fc.double(), hostile, fc.constant(null)) as fc.Arbitrary<number>;
  const open = fc.record({
    user: hostile,
    model: hostile,
    age_ms: anything,
    bytes_out: anything,
    status: anything,
  });
  const report = fc.record({
    version: hostile,
    pid: anything,
    uptime_s: anything,
    open: fc.array(open, { maxLength: 40 }),
    open_count: anything,
    history: fc.record({
      requests: fc.array(anything),
      tokens: fc.array(anything),
      bytes: fc.array(anything),
      refusals: fc.array(anything),
      failures: fc.array(anything),
    }),
    tokens: fc.record({
      input: anything,
      cached: anything,
      output: anything,
      reasoning: anything,
      total: anything,
    }),
    refusals: fc.dictionary(hostile, anything),
    upstream_errors: fc.dictionary(hostile, anything),
  }) as unknown as fc.Arbitrary<StatusReport>;
  const size = fc.record({
    columns: fc.integer({ min: 1, max: 200 }),
    rows: fc.integer({ min: 1, max: 60 }),
  });
  fc.assert(
    fc.property(report, size, (report, size) => {
      const page = topPage(report, { ...size, isStyled: false });
      assert.ok(page.length <= size.rows);
      for (const line of page) {
        assert.ok([...line].length <= size.columns);
        assert.match(line, /^[\x20-\x7e▁-█…]*$/);
      }
    }),
    { numRuns: 500 },
  );
});

test("a sparkline is as high as its highest value", () => {
  assert.equal(sparkline([0, 1, 4, 8], 10), " ▂▅█");
  assert.equal(sparkline([5, 0, 5], 2), " █");
  assert.equal(sparkline([0, 0], 5), "");
});
