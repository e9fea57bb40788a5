// The places from which the key may come beside stdin, and those from which it may not. Whatever the
// source is, the launcher puts it on stdin unread, so that there is one way into secret memory.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type MockUpstream, startMockUpstream } from "../mock/upstream.ts";
import { launcher, quietUser, type RunOptions, runProxy, startProxy, testKey } from "../proxy-process.ts";
import { isWhole, rawPost, sendRaw } from "../raw-http.ts";
import { waitFor } from "../wait-for.ts";

const isRoot = process.geteuid?.() === 0;
const oneErrorWithHint = /^codex: error: .*\ncodex: hint: .*\n$/;

let folder: string;
let upstream: MockUpstream;
before(async () => {
  upstream = await startMockUpstream();
  folder = fs.mkdtempSync(join(tmpdir(), "codex-key-sources-"));
  fs.writeFileSync(join(folder, "key"), `${testKey}\n`);
  fs.writeFileSync(join(folder, "empty"), "");
  fs.symlinkSync(join(folder, "key"), join(folder, "link"));
  fs.mkdirSync(join(folder, "folder"));
});
after(async () => {
  fs.rmSync(folder, { recursive: true });
  await upstream.close();
});

/** What the shell opens and sets before it becomes the launcher. */
const inShell = (text: string): readonly string[] => ["bash", "-c", `${text}; exec "$@"`, "bash"];
const withCredentials = () => ({ ...process.env, CREDENTIALS_DIRECTORY: folder });

/** Start with this source, send one request, return the Authorization that the upstream saw. */
async function authorizationFor(options: RunOptions): Promise<string | undefined> {
  const proxy = await startProxy({
    input: "not-the-key",
    ...options,
    args: [...(options.args ?? []), "--upstream-url", upstream.url, ...quietUser],
  });
  await sendRaw(proxy.port, rawPost(), { until: isWhole });
  await proxy.stop();
  return upstream.requests.at(-1)?.headers.authorization;
}

describe("the key is read", () => {
  test("from the descriptor of --key-fd: a file, a pipe, one with a high number", async () => {
    for (const [fd, opening] of [
      ["7", `exec 7< ${folder}/key`],
      ["3", `exec 3< <(echo ${testKey})`],
      ["1023", `exec 1023< ${folder}/key`],
    ] as const) {
      const authorization = await authorizationFor({ args: ["--key-fd", fd], through: inShell(opening) });
      assert.equal(authorization, `Bearer ${testKey}`, opening);
    }
  });

  test("from the file of --key-credential in $CREDENTIALS_DIRECTORY", async () => {
    const authorization = await authorizationFor({
      args: ["--key-credential", "key"],
      env: withCredentials(),
    });
    assert.equal(authorization, `Bearer ${testKey}`);
  });

  test("from what --key-command prints, which has the starter's stdin, environment, folder and stderr", async () => {
    const command = `read -r secret; test "$PWD" = / && echo "$OF_THE_STARTER" >&2; printf %s "$secret"`;
    const proxy = await startProxy({
      args: [`--key-command=${command}`, "--upstream-url", upstream.url, ...quietUser],
      through: inShell("cd /"),
      env: { ...process.env, OF_THE_STARTER: "seen" },
    });
    await sendRaw(proxy.port, rawPost(), { until: isWhole });
    await proxy.stop();
    assert.equal(upstream.requests.at(-1)?.headers.authorization, `Bearer ${testKey}`);
    assert.match(proxy.output.stderr, /^seen\n/);
  });

  test("from a command whose starter ignores the end of his children", async () => {
    const authorization = await authorizationFor({
      args: [`--key-command=echo ${testKey}`],
      through: inShell("trap '' CHLD"),
    });
    assert.equal(authorization, `Bearer ${testKey}`);
  });

  test("from a command that gets no socket on which the proxy is to listen", async () => {
    const server = net.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
    // Descriptor 9, which no service manager passes, shows that the search finds what it looks for.
    const command = 'for fd in 3 9; do test -e /proc/self/fd/$fd && echo "has $fd" >&2; done; exit 1';
    const stdio = [
      "ignore",
      "ignore",
      "pipe",
      fd,
      "ignore",
      "ignore",
      "ignore",
      "ignore",
      "ignore",
      fd,
    ] as const;
    const { stderr } = await end(spawn(launcher, ["--key-command", command], { stdio: [...stdio] }));
    server.close();
    assert.match(stderr, /^has 9\ncodex: error: the command of --key-command exited with status 1\n/);
  });

  test("from a command that leaves a process behind, which holds its end of the pipe", async () => {
    const authorization = await authorizationFor({
      args: [`--key-command=echo ${testKey}; sleep 3 2>/dev/null &`],
    });
    assert.equal(authorization, `Bearer ${testKey}`);
  });
});

describe("what is left of the source in the proxy", { skip: !isRoot && "needs root" }, () => {
  const sources: [string, string[]][] = [
    ["--key-fd", ["--key-fd", "7"]],
    ["--key-credential", ["--key-credential", "key"]],
    ["--key-command", ["--key-command", `echo ${testKey}`]],
  ];
  for (const [name, args] of sources) {
    test(`${name}: stdin is /dev/null, no descriptor and no argument tells of it`, async () => {
      const proxy = await startProxy({
        args: [...args, ...quietUser],
        through: inShell(`exec 7< ${folder}/key`),
        env: withCredentials(),
      });
      const proc = `/proc/${proxy.pid}`;
      const files = fs.readdirSync(`${proc}/fd`).map((fd) => fs.readlinkSync(`${proc}/fd/${fd}`));
      assert.equal(fs.readlinkSync(`${proc}/fd/0`), "/dev/null");
      assert.deepEqual(
        files.filter((file) => file.startsWith(folder)),
        [],
      );
      const commandLine = fs.readFileSync(`${proc}/cmdline`, "latin1");
      assert.doesNotMatch(commandLine, /sk-test|--key-(fd|credential|command)/);
      await proxy.stop();
    });
  }
});

describe("a source that gives no key ends the start with exit 1 and names what is wrong", () => {
  const cases: [string, string, RegExp, string?][] = [
    ["a closed descriptor", "--key-fd=7", /descriptor of --key-fd is not open$/m],
    ["a folder", "--key-fd=7", /descriptor of --key-fd is a directory/, "exec 7< /"],
    ["a descriptor for writing", "--key-fd=7", /is not open for reading/, "exec 7> /dev/null"],
    ["an empty descriptor", "--key-fd=7", /must be provided via the descriptor/, "exec 7< /dev/null"],
    ["a missing credential", "--key-credential=absent", /holds no credential of the name/],
    ["an empty credential", "--key-credential=empty", /must be provided via the credential/],
    ["a credential that is a link", "--key-credential=link", /is a symbolic link/],
    ["a credential that is a folder", "--key-credential=folder", /is not a regular file/],
    [
      "a credential that is a FIFO",
      "--key-credential=fifo",
      /is not a regular file/,
      'mkfifo "$CREDENTIALS_DIRECTORY/fifo"',
    ],
    [
      "no folder of credentials",
      "--key-credential=key",
      /needs \$CREDENTIALS_DIRECTORY, which is not set/,
      "unset CREDENTIALS_DIRECTORY",
    ],
    [
      "a relative folder of credentials",
      "--key-credential=key",
      /is not an absolute path/,
      "export CREDENTIALS_DIRECTORY=.",
    ],
    [
      "a missing folder of credentials",
      "--key-credential=key",
      /cannot open \$CREDENTIALS_DIRECTORY: No such/,
      "export CREDENTIALS_DIRECTORY=/nonexistent",
    ],
    ["a command that fails", "--key-command=echo sk-secretvalue; exit 3", /exited with status 3/],
    ["a command that is not there", "--key-command=/nonexistent 2>/dev/null", /exited with status 127/],
    ["a command that is killed", "--key-command=echo sk-secretvalue; kill -9 $$", /ended by signal 9/],
    ["a command that prints nothing", "--key-command=true", /printed nothing/],
    ["a command that prints without end", "--key-command=yes sk-secretvalue", /prints more than a key/],
    [
      "a command that prints a long text",
      "--key-command=head -c 8193 /dev/zero | tr '\\0' s",
      /print(s|ed) more than a key/,
    ],
    ["a command that prints what is no key", "--key-command=echo sk secretvalue", /may only contain ASCII/],
    [
      "a command that prints more than the key",
      "--key-command=echo sk-secretvalue; echo more",
      /the key command holds more than the API key/,
    ],
  ];
  for (const [name, argument, message, shell] of cases) {
    test(name, async () => {
      const { code, stdout, stderr } = await runProxy({
        args: [argument],
        input: testKey,
        env: withCredentials(),
        through: inShell(shell ?? ":"),
      });
      assert.deepEqual({ code, stdout }, { code: 1, stdout: "" }, stderr);
      assert.match(stderr, message);
      assert.match(stderr, oneErrorWithHint);
      assert.doesNotMatch(stderr, /secret|sss/);
    });
  }

  test("a listening socket", async () => {
    const server = net.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
    const child = spawn(launcher, ["--key-fd", "3"], { stdio: ["ignore", "ignore", "pipe", fd] });
    const { code, stderr } = await end(child);
    server.close();
    assert.equal(code, 1);
    assert.match(stderr, /^codex: error: the descriptor of --key-fd is a listening socket\n/);
  });

  test("a command that does not end, after 30 seconds, and it is ended too", async () => {
    const file = join(folder, "pid");
    const child = spawn(launcher, ["--key-command", `echo $$ > ${file}; exec sleep 300`], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const { code, stderr } = await end(child);
    assert.equal(code, 1);
    assert.match(stderr, /^codex: error: the command of --key-command did not end within 30 seconds\n/);
    const pid = fs.readFileSync(file, "latin1").trim();
    await waitFor(() => !isRunning(pid), "the end of the command");
  });
});

describe("usage errors exit 2 and repeat no value", () => {
  const cases: [string[], RegExp][] = [
    [["--key-fd", "0"], /invalid value for --key-fd/],
    [["--key-fd", "2"], /invalid value for --key-fd/],
    [["--key-fd", "3x"], /invalid value for --key-fd/],
    [["--key-fd", "99999999999"], /invalid value for --key-fd/],
    [["--key-fd", testKey], /invalid value for --key-fd/],
    [["--key-credential", "../key"], /invalid value for --key-credential/],
    [["--key-credential", "/etc/passwd"], /invalid value for --key-credential/],
    [["--key-credential", ".."], /invalid value for --key-credential/],
    [["--key-fd=7", "--key-command=true"], /exclude each other/],
    [["--key-credential=a", "--key-fd=7"], /exclude each other/],
    [["--key", testKey], /no option takes the key itself: every user/],
    [["--api-key", testKey], /no option takes the key itself: every user/],
    [[`--openai-api-key=${testKey}`], /no option takes the key itself: every user/],
    [[`--token=${testKey}`], /no option takes the key itself: every user/],
    [["--key-env", "OPENAI_API_KEY"], /no option takes the key from the environment/],
    [["--api-key-env=OPENAI_API_KEY"], /no option takes the key from the environment/],
    [["--key-file", "/etc/openai/key"], /a file with the key is given as stdin/],
    [["--api-key-file=/etc/openai/key"], /a file with the key is given as stdin/],
  ];
  for (const [args, message] of cases) {
    test(args.join(" ").replace(testKey, "KEY"), async () => {
      const { code, stdout, stderr } = await runProxy({ args, input: testKey, env: withCredentials() });
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" }, stderr);
      assert.match(stderr, message);
      assert.match(stderr, oneErrorWithHint);
      assert.ok(!stderr.includes(testKey) && !stderr.includes("OPENAI_API_KEY") && !stderr.includes("/etc/"));
    });
  }
});

test("--check, --help and --version touch no source", async () => {
  const proof = join(folder, "ran");
  for (const flag of ["--check", "--help", "--version"]) {
    const { code } = await runProxy({ args: [flag, `--key-command=touch ${proof}`] });
    assert.equal(code, 0);
  }
  assert.ok(!fs.existsSync(proof));
});

test("the request token of --github-oidc comes from the same sources, and messages name them", async () => {
  const oidc = [
    "--github-oidc",
    "--oidc-audience=a",
    "--identity-provider-id=i",
    "--service-account-id=s",
    "--github-oidc-request-url=https://token.example/x",
  ];
  const { code, stderr } = await runProxy({ args: [...oidc, "--key-command=echo a b"], input: testKey });
  assert.equal(code, 1);
  assert.equal(
    stderr,
    "codex: error: invalid workload identity bearer credential (it holds a character that none has)\n" +
      "codex: hint: the key command has to hold it alone, on one line\n",
  );
  const empty = await runProxy({
    args: [...oidc, "--key-credential=empty"],
    input: testKey,
    env: withCredentials(),
  });
  assert.match(empty.stderr, /\(the credential holds none\)/);
});

// One that has ended may wait for whoever it was left to.
function isRunning(pid: string): boolean {
  try {
    return !/\) Z /.test(fs.readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

/** Wait for the end of a child of which nothing but stderr is read. */
async function end(child: ChildProcess): Promise<{ code: number | null; stderr: string }> {
  let stderr = "";
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stderr };
}
