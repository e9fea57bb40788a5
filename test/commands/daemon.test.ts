// --daemon: for a CI runner's step, which ends when nobody holds its pipes any more.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { launcher, quietUser, runProxy, testKey } from "../proxy-process.ts";
import { waitFor } from "../wait-for.ts";

const isRoot = process.geteuid?.() === 0;
let folder: string;
let info: string;
let log: string;

before(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-daemon-"));
});
after(() => fs.rmSync(folder, { recursive: true }));
beforeEach(() => {
  info = join(folder, "info.json");
  log = join(folder, "log");
});
afterEach(async () => {
  if (fs.existsSync(info)) await end();
  fs.rmSync(log, { recursive: true, force: true });
});

const args = (...extra: string[]) => [
  ...["--daemon", "--log-file", log, "--server-info", info, ...quietUser],
  ...extra,
];
const readInfo = () => JSON.parse(fs.readFileSync(info, "utf8"));

async function end(): Promise<void> {
  process.kill(readInfo().pid, "SIGTERM");
  await waitFor(() => !fs.existsSync(info), "the daemon to end");
}

test("the command ends with 0 once the proxy serves, and shows what it said", async () => {
  const result = await runProxy({ args: args(), input: `${testKey}\n` });
  const { port, pid } = readInfo();
  assert.deepEqual([result.code, result.stdout], [0, ""]);
  assert.ok(result.stderr.endsWith(`responses-api-proxy listening on 127.0.0.1:${port}\n`), result.stderr);
  assert.equal(fs.readFileSync(log, "utf8"), result.stderr);
  assert.equal(fs.statSync(log).mode & 0o777, 0o600);
  assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 403);
  const session = fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(" ")[5];
  assert.equal(session, String(pid), "it leads a session of its own");
});

test("a step's pipes reach their end while the daemon and its janitor live", async () => {
  // The shell of a step: all that it starts in the background inherits its pipes.
  const start = (command: string) => {
    const step = spawn("sh", ["-c", command], { stdio: ["ignore", "pipe", "pipe"] });
    step.stdout.resume();
    step.stderr.resume();
    return step;
  };
  const daemon = start(`printf '%s\\n' ${testKey} | ${launcher} ${args().join(" ")}`);
  await once(daemon, "close"); // it comes when the process has ended and both pipes have
  const { pid } = readInfo();
  process.kill(pid, 0);
  const children = execFileSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" });
  assert.match(children.trim(), /^\d+$/, "the janitor lives too");

  // The control: the same in the background without --daemon keeps the pipes open.
  const other = join(folder, "other.json");
  const options = [...quietUser, "--server-info", other].join(" ");
  const plain = start(`(printf '%s\\n' ${testKey} | ${launcher} ${options}) & exit 0`);
  await waitFor(() => fs.existsSync(other), "the proxy in the background", 20_000);
  let isClosed = false;
  const closed = once(plain, "close").then(() => {
    isClosed = true;
  });
  await waitFor(() => plain.exitCode !== null, "the step's shell to end");
  await sleep(300);
  assert.equal(isClosed, false);
  process.kill(JSON.parse(fs.readFileSync(other, "utf8")).pid, "SIGTERM");
  await closed;
});

test("it holds nothing of its starter's: stdin is let go, no descriptor is a pipe of the starter", {
  skip: isRoot ? false : "needs root to look at the descriptors of another process",
}, async () => {
  const starter = spawn("sh", ["-c", `exec 7<&0 8>&1; exec ${launcher} ${args().join(" ")}`]);
  starter.stdin.end(`${testKey}\n`);
  starter.stderr.resume();
  const linkOf = (pid: number | "self", fd: string) => fs.readlinkSync(`/proc/${pid}/fd/${fd}`);
  const pipes = ["0", "1", "2"].map((fd) => linkOf(starter.pid as number, fd));
  await once(starter, "close");
  const { pid } = readInfo();
  const children = execFileSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" });
  for (const process of [pid, Number(children)]) {
    const held = fs.readdirSync(`/proc/${process}/fd`).map((fd) => linkOf(process, fd));
    assert.deepEqual(
      held.filter((link) => pipes.includes(link)),
      [],
    );
    assert.ok(!held.some((link) => link.endsWith(".tmp")));
  }
  assert.equal(linkOf(pid, "0"), "/dev/null");
  assert.deepEqual([linkOf(pid, "1"), linkOf(pid, "2")], [log, log]);
});

test("a starter that ignores the end of his children is told the exit code all the same", async () => {
  const result = await runProxy({
    args: ["--daemon", "--log-file", log, "--server-info", info, "--user", "no-such-user"],
    through: ["bash", "-c", `trap '' CHLD; exec "$@"`, "bash"],
  });
  assert.equal(result.code, 2, result.stderr);
});

test("a start that fails is told by its own exit code and words, by the command and in the log", async () => {
  fs.writeFileSync(log, "what was there\n");
  for (const [extra, input, code, words] of [
    [[], "not a key\n", 1, /API key may only contain/],
    [[], "", 1, /API key must be provided via stdin/],
    [["--upstream-url", "ftp://x"], `${testKey}\n`, 1, /parsing --upstream-url/],
    [["--user", "no-such-user"], `${testKey}\n`, 2, /cannot serve as the user/],
    [["--port", "1", "--user=60001"], `${testKey}\n`, isRoot ? 0 : 1, /./],
  ] as [string[], string, number, RegExp][]) {
    const own = extra.some((option) => option.startsWith("--user")) ? [] : quietUser;
    const result = await runProxy({
      args: ["--daemon", "--log-file", log, "--server-info", info, ...own, ...extra],
      input,
    });
    assert.deepEqual([result.code, result.stdout], [code, ""], result.stderr);
    assert.match(result.stderr, words);
    assert.doesNotMatch(result.stderr, /what was there/);
    assert.ok(fs.readFileSync(log, "utf8").endsWith(result.stderr));
    if (fs.existsSync(info)) await end();
  }
  assert.match(fs.readFileSync(log, "utf8"), /^what was there\n/);
});

test("a terminal is no place to type the key for it: it is told so at once", async () => {
  const quoted = args()
    .map((arg) => `'${arg}'`)
    .join(" ");
  const command = `${launcher} ${quoted}`;
  const { status, stdout } = runInTerminal(command);
  assert.match(stdout, /API key must be provided via stdin/);
  assert.equal(status, 1);
});

function runInTerminal(command: string): { status: number | null; stdout: string } {
  try {
    const stdout = execFileSync("script", ["-qec", command, "/dev/null"], {
      encoding: "utf8",
      timeout: 20_000,
      stdio: ["pipe", "pipe", "pipe"],
    });
    return { status: 0, stdout };
  } catch (error) {
    return error as { status: number | null; stdout: string };
  }
}

test("a daemon whose starter was ended before it served ends too", async () => {
  const fifo = join(folder, "fifo");
  execFileSync("mkfifo", [fifo]);
  const stdin = fs.openSync(fifo, "r+");
  const starter = spawn(launcher, args(), { stdio: [stdin, "ignore", "ignore"] });
  await waitFor(() => fs.existsSync(`${info}.tmp`), "the daemon to wait for its key");
  starter.kill("SIGKILL");
  await once(starter, "exit");
  fs.writeSync(stdin, `${testKey}\n`);
  await waitFor(
    () => /did not wait until it served/.test(fs.readFileSync(log, "utf8")),
    "the daemon to end",
    20_000,
  );
  await waitFor(() => !fs.existsSync(info), "server info to be removed");
  fs.closeSync(stdin);
});

test("the log is no other user's, no link, and in no folder of another user", {
  skip: isRoot ? false : "needs root to make another user's files",
}, async () => {
  const theirs = join(folder, "theirs");
  fs.mkdirSync(theirs);
  const target = join(folder, "target");
  fs.writeFileSync(target, "precious");
  fs.symlinkSync(target, join(folder, "link"));
  fs.linkSync(target, join(folder, "second-name"));
  fs.writeFileSync(join(folder, "their-log"), "");
  execFileSync("chown", ["60002", theirs, join(folder, "their-log")]);
  for (const [path, words] of [
    [join(theirs, "log"), /theirs belongs to another user/],
    [join(folder, "link"), /link is a symbolic link/],
    [join(folder, "second-name"), /second-name has another name too/],
    [join(folder, "their-log"), /their-log belongs to another user/],
    [folder, /exists and is not a file/],
    ["/dev/null", /exists and is not a file/],
    [join(folder, "missing", "log"), /No such file or directory/],
  ] as const) {
    const result = await runProxy({
      args: ["--daemon", "--log-file", path, "--server-info", info],
      input: `${testKey}\n`,
    });
    assert.equal(result.code, 1);
    assert.match(result.stderr, /^codex: error: cannot write --log-file: .*\ncodex: hint: .*\n$/);
    assert.match(result.stderr, words);
  }
  assert.equal(fs.readFileSync(target, "utf8"), "precious");
});

test("what would be a daemon that cannot be found or heard is refused with exit 2", async () => {
  for (const [given, words] of [
    [["--daemon", "--server-info", info], /--daemon needs --log-file/],
    [["--daemon", "--log-file", log], /--daemon needs --server-info/],
    [["--log-file", log], /--log-file belongs to --daemon/],
    [
      ["--daemon", "--check", "--log-file", log, "--server-info", info],
      /--daemon and --check exclude each other/,
    ],
  ] as const) {
    const { code, stderr } = await runProxy({ args: given, input: `${testKey}\n` });
    assert.equal(code, 2);
    assert.match(stderr, words);
  }
});
