// `codex exec` as a script sees it: prompt sources, checks, outputs and exit codes.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  breaksOff,
  fallsSilent,
  refuses,
  says,
  saysNothing,
  saysTwice,
  thinksAndSays,
} from "../mock/scenarios.ts";
import { type ScriptedUpstream, type Step, startScriptedUpstream } from "../mock/scripted-upstream.ts";
import { type CodexResult, type CodexRun, launcher, makeFolder, runCodex } from "./codex-process.ts";

let folder: string;

before(() => {
  folder = makeFolder();
});
after(() => fs.rmSync(folder, { recursive: true, force: true }));

function providerArguments(upstream: ScriptedUpstream, further = ""): string[] {
  const table = `{name="mock",base_url="${upstream.baseUrl}",wire_api="responses"${further}}`;
  return ["-c", `model_providers.mock=${table}`, "-c", "model_provider=mock"];
}

interface Exec extends Partial<CodexRun> {
  readonly steps?: readonly Step[];
  /** members of the provider's table, with a comma in front */
  readonly provider?: string;
}

interface ExecResult extends CodexResult {
  readonly upstream: ScriptedUpstream;
}

/** Run `codex exec` outside of a git repository, with what `args` say behind it. */
async function exec({
  steps = [thinksAndSays("Hello.")],
  provider = "",
  args = [],
  ...rest
}: Exec): Promise<ExecResult> {
  const upstream = await startScriptedUpstream(steps);
  try {
    const result = await runCodex({
      args: ["exec", ...providerArguments(upstream, provider), ...args],
      cwd: folder,
      ...rest,
      environment: { CODEX_HOME: folder, ...rest.environment },
    });
    return { ...result, upstream };
  } finally {
    await upstream.close();
  }
}

const skipGit = "--skip-git-repo-check";

function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** The content of the last message of a request. */
function lastContent(upstream: ScriptedUpstream, request = 0): unknown {
  const input = upstream.requests[request]?.body.input as
    | readonly { readonly content: unknown }[]
    | undefined;
  return input?.at(-1)?.content;
}

describe("codex exec", () => {
  test("prints the last message on stdout and everything else on stderr", async () => {
    const { code, stdout, stderr } = await exec({
      args: [skipGit, "Say hi"],
      steps: [thinksAndSays("Hello.\nThere.")],
    });
    const id = /session id: ([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})\n/.exec(
      stderr,
    )?.[1];
    assert.deepEqual(
      { code, stdout, stderr },
      {
        code: 0,
        stdout: "Hello.\nThere.\n",
        stderr: [
          "Codex v0.1.0",
          "--------",
          `workdir: ${folder}`,
          "model: gpt-5-codex",
          "provider: mock",
          "approval: never",
          "sandbox: read-only",
          "reasoning effort: none",
          "reasoning summaries: auto",
          `session id: ${id}`,
          "--------",
          "user",
          "Say hi",
          "",
          "thinking",
          "**Thinking**\n\nabout it",
          "codex",
          "Hello.\nThere.",
          "tokens used",
          "1,150",
          "",
        ].join("\n"),
      },
    );
  });

  test("--json prints one object a line on stdout and nothing on stderr", async () => {
    for (const flag of ["--json", "--experimental-json"]) {
      const { code, stdout, stderr } = await exec({ args: [skipGit, flag, "Say hi"] });
      const lines = jsonLines(stdout);
      const usage = { input_tokens: 1200, cached_input_tokens: 100, output_tokens: 50 };
      const threadId = lines[0]?.thread_id;
      assert.match(String(threadId), /^[0-9a-f-]{36}$/);
      assert.deepEqual(
        { code, stderr, lines },
        {
          code: 0,
          stderr: "",
          lines: [
            { type: "thread.started", thread_id: threadId },
            { type: "turn.started" },
            {
              type: "item.completed",
              item: { id: "item_0", type: "reasoning", text: "**Thinking**\n\nabout it" },
            },
            { type: "item.completed", item: { id: "item_1", type: "agent_message", text: "Hello." } },
            { type: "turn.completed", usage },
          ],
        },
      );
    }
  });

  test("refuses to work outside of a git repository, and works inside one", async () => {
    const inGit = join(folder, "repository", "below");
    fs.mkdirSync(inGit, { recursive: true });
    fs.mkdirSync(join(folder, "repository", ".git"));
    const refused = await exec({ args: ["Say hi"] });
    assert.deepEqual(
      [refused.code, refused.stdout, refused.stderr, refused.upstream.requests.length],
      [1, "", "Not inside a trusted directory and --skip-git-repo-check was not specified.\n", 0],
    );
    assert.equal((await exec({ args: ["Say hi"], cwd: inGit })).code, 0);
    assert.equal((await exec({ args: ["-C", inGit, "Say hi"] })).code, 0);
    assert.equal((await exec({ args: ["--yolo", "Say hi"] })).code, 0);
  });

  test("says so where --add-dir does nothing, and only there", async () => {
    const warning =
      /^warning: Ignoring --add-dir \(\/srv\) because the effective sandbox mode is read-only\./m;
    const read = await exec({ args: [skipGit, "--add-dir", "/srv", "hi"] });
    assert.equal(read.code, 0);
    assert.match(read.stderr, warning);
    const written = await exec({ args: [skipGit, "--add-dir", "/srv", "-s", "workspace-write", "hi"] });
    assert.equal(written.code, 0);
    assert.doesNotMatch(written.stderr, /add-dir/);
  });

  test("says which MCP servers it does not start, and nothing of those that are switched off", async () => {
    const servers = '{one={command="one"},off={command="off",enabled=false},two={url="http://127.0.0.1:1"}}';
    const { code, stdout, stderr } = await exec({
      args: ["--json", skipGit, "-c", `mcp_servers=${servers}`, "hi"],
    });
    assert.deepEqual(
      { code, stderr, lines: jsonLines(stdout).length },
      {
        code: 0,
        stderr: "warning: MCP servers are not part of this version and not started: one, two\n",
        lines: 5,
      },
    );
  });

  test("takes the prompt from the argument or all of stdin, untrimmed", async () => {
    const cases: readonly (readonly [args: string[], input: string, prompt: string, stderr: RegExp])[] = [
      [["from argument"], "ignored", "from argument", /^Codex v/],
      [[], " piped é\n", " piped é\n", /^Reading prompt from stdin\.\.\.\nCodex v/],
      [["-"], "dash\n", "dash\n", /^Codex v/],
      [["--", "-x"], "", "-x", /^Codex v/],
    ];
    for (const [args, input, prompt, stderr] of cases) {
      const run = await exec({ args: [skipGit, ...args], input });
      assert.equal(run.code, 0, run.stderr);
      assert.match(run.stderr, stderr);
      assert.deepEqual(lastContent(run.upstream), [{ type: "input_text", text: prompt }]);
    }
  });

  test("does not begin with an empty stdin", async () => {
    for (const input of ["", " \n\t"]) {
      const { code, stdout, stderr } = await exec({ input });
      assert.deepEqual(
        { code, stdout, stderr },
        {
          code: 1,
          stdout: "",
          stderr: "Reading prompt from stdin...\nNo prompt provided via stdin.\n",
        },
      );
    }
  });

  test("says where the prompt went that stood behind -i", async () => {
    const { code, stderr } = await exec({ args: ["-i", "a.png", "what is it?"] });
    assert.deepEqual(
      [code, stderr],
      [
        1,
        "Reading prompt from stdin...\nNo prompt provided via stdin.\n" +
          "hint: -i takes all words that follow it: put the prompt in front of it, or behind `--`\n",
      ],
    );
  });

  test("-o writes the last message without a line end, with and without --json", async () => {
    const file = join(folder, "last.txt");
    for (const form of [[], ["--json"]]) {
      const { code } = await exec({
        args: [skipGit, ...form, "-o", file, "hi"],
        steps: [saysTwice("First.", "Second.")],
      });
      assert.deepEqual([code, fs.readFileSync(file, "utf8")], [0, "Second."]);
      fs.rmSync(file);
    }
    const { code, stdout, stderr } = await exec({ args: [skipGit, "-o", file, "hi"], steps: [saysNothing] });
    assert.deepEqual([code, stdout, fs.readFileSync(file, "utf8")], [0, "", ""]);
    assert.match(stderr, new RegExp(`Warning: no last agent message; wrote empty content to ${file}\n`));
    const unwritable = await exec({ args: [skipGit, "--json", "-o", folder, "hi"] });
    assert.deepEqual(
      [unwritable.code, unwritable.stderr],
      [1, `Failed to write last message file "${folder}": Is a directory (os error 21)\n`],
    );
  });

  test("--output-schema sends the file as the format of the answer, and names what is wrong with it", async () => {
    const file = join(folder, "schema.json");
    const schema = { type: "object", properties: { a: { type: "string" } } };
    fs.writeFileSync(file, JSON.stringify(schema));
    const { upstream } = await exec({ args: [skipGit, "--output-schema", file, "hi"] });
    const format = { type: "json_schema", strict: true, schema, name: "codex_output_schema" };
    assert.deepEqual(upstream.requests[0]?.body.text, { format });

    fs.writeFileSync(file, "{");
    const broken = await exec({ args: [skipGit, "--output-schema", file, "hi"] });
    const missing = await exec({ args: [skipGit, "--output-schema", join(folder, "missing.json"), "hi"] });
    assert.match(broken.stderr, new RegExp(`^Output schema file ${file} is not valid JSON: `));
    assert.deepEqual(
      [broken.code, missing.code, missing.stderr],
      [
        1,
        1,
        `Failed to read output schema file ${folder}/missing.json: No such file or directory (os error 2)\n`,
      ],
    );
  });

  test("sends pictures and text in one message, and refuses what is no picture", async () => {
    const png = Buffer.from("89504e470d0a1a0a", "hex");
    fs.writeFileSync(join(folder, "a.png"), png);
    fs.writeFileSync(join(folder, "b.txt"), "text");
    const { upstream } = await exec({ args: [skipGit, "-i", "a.png,a.png", "--", "What is it?"] });
    const image = { type: "input_image", image_url: `data:image/png;base64,${png.toString("base64")}` };
    assert.deepEqual(lastContent(upstream), [image, image, { type: "input_text", text: "What is it?" }]);
    const refused = await exec({ args: [skipGit, "-i", "b.txt", "--", "hi"] });
    assert.deepEqual(
      [refused.code, refused.upstream.requests.length, refused.stderr],
      [1, 0, "Error: cannot attach the image b.txt: it is not a PNG, JPEG, GIF or WebP picture\n"],
    );
  });

  test("ends with exit 1 and says the same in both forms when the turn fails", async () => {
    const steps = [refuses(400, { message: "bad thing" })];
    const message = "unexpected status 400 Bad Request: bad thing";
    const human = await exec({ args: [skipGit, "hi"], steps });
    assert.equal(human.code, 1);
    assert.match(human.stderr, new RegExp(`\nuser\nhi\nERROR: ${message}\n$`));
    const json = await exec({ args: [skipGit, "--json", "hi"], steps });
    assert.equal(json.code, 1);
    assert.deepEqual(jsonLines(json.stdout).slice(2), [
      { type: "error", message },
      { type: "turn.failed", error: { message } },
    ]);
  });

  test("names the variable of a provider that is missing", async () => {
    const { code, stderr, upstream } = await exec({
      args: [skipGit, "hi"],
      provider: ',env_key="MOCK_KEY",env_key_instructions="Get one at x."',
    });
    assert.deepEqual([code, upstream.requests.length], [1, 0]);
    assert.match(stderr, /\nERROR: Missing environment variable: `MOCK_KEY`\. Get one at x\.\n$/);
  });

  test("uses the login, and CODEX_API_KEY before it, for the built-in provider alone", async () => {
    const upstream = await startScriptedUpstream([says("Hello.")]);
    const home = fs.mkdtempSync(join(folder, "home-"));
    fs.writeFileSync(join(home, "auth.json"), '{"OPENAI_API_KEY":"sk-stored"}', { mode: 0o600 });
    const run = (environment: Record<string, string>, args: string[] = []) =>
      runCodex({
        args: ["exec", skipGit, ...args, "hi"],
        cwd: folder,
        environment: { CODEX_HOME: home, OPENAI_BASE_URL: upstream.baseUrl, ...environment },
      });
    await run({});
    await run({ CODEX_API_KEY: "sk-variable" });
    await run({ CODEX_API_KEY: "sk-variable" }, providerArguments(upstream));
    assert.deepEqual(
      upstream.requests.map(({ headers }) => [headers.authorization, headers.version]),
      [
        ["Bearer sk-stored", "0.50.0"],
        ["Bearer sk-variable", "0.50.0"],
        [undefined, undefined],
      ],
    );
    await upstream.close();
  });

  test("logs out and says so where the stored login is not the one that is forced", async () => {
    const home = fs.mkdtempSync(join(folder, "home-"));
    const file = join(home, "auth.json");
    fs.writeFileSync(file, '{"OPENAI_API_KEY":"sk-stored"}', { mode: 0o600 });
    const { code, stderr, upstream } = await exec({
      args: [skipGit, "-c", "forced_login_method=chatgpt", "hi"],
      environment: { CODEX_HOME: home },
    });
    assert.deepEqual(
      [code, stderr, upstream.requests.length, fs.existsSync(file)],
      [1, "ChatGPT login is required, but an API key is currently being used. Logging out.\n", 0, false],
    );
  });

  test("refuses an empty --proxy, wherever it stands, and sends nothing past the proxy", async () => {
    for (const args of [
      ["exec", skipGit, "--proxy", "", "hi"],
      ["--proxy=", "exec", skipGit, "hi"],
    ]) {
      const { code, stderr } = await runCodex({ args, environment: { CODEX_API_KEY: "k" } });
      assert.equal(code, 2, stderr);
      assert.match(stderr, /^Error: --proxy names no proxy\nhint: is a variable empty\?/);
    }
  });

  test("shows no password of a proxy's URL", async () => {
    const { code, stdout, stderr } = await exec({
      args: [skipGit, "--proxy", "http://me:hunter2@127.0.0.1:1/v1", "hi"],
    });
    assert.deepEqual([code, stdout, stderr.includes("hunter2")], [1, "", false]);
    assert.match(stderr, /^Error: proxy: a URL without user name, query and fragment is wanted/);
  });

  test("--color always paints stderr and never stdout", async () => {
    const { stdout, stderr } = await exec({ args: [skipGit, "--color", "always", "hi"] });
    assert.equal(stdout, "Hello.\n");
    assert.ok(stderr.includes("\x1b[3;35mcodex\x1b[0m\nHello.\n"), stderr);
  });

  test("without --color the variables decide that other programs go by, too", async () => {
    const painted = async (environment: CodexRun["environment"] & object) =>
      (await exec({ args: [skipGit, "hi"], environment })).stderr.includes("\x1b[");
    assert.equal(await painted({ FORCE_COLOR: "1" }), true);
    assert.equal(await painted({ TERM: "xterm" }), false);
  });

  test("a key that is refused or missing is an error with a hint where it comes from", async () => {
    const steps = [refuses(401, { message: "no" })];
    const hintOf = async (provider: string, environment: Record<string, string> = {}) => {
      const { code, stderr } = await exec({ args: [skipGit, "hi"], steps, provider, environment });
      assert.equal(code, 1);
      return /\nERROR: unexpected status 401 Unauthorized: no\nhint: (.*)\n$/.exec(stderr)?.[1];
    };
    const login = ",requires_openai_auth=true";
    assert.deepEqual(
      [
        await hintOf(login),
        await hintOf(login, { CODEX_API_KEY: "sk-1" }),
        await hintOf(',env_key="MY_KEY"', { MY_KEY: "sk-1" }),
        await hintOf(""),
      ],
      [
        "log in with codex login, or use a proxy that has the key: codex exec --proxy FILE",
        "check CODEX_API_KEY where it is set, or log in again with codex login",
        "check the environment variable MY_KEY",
        "nothing says which key to send: set model_providers.mock.env_key",
      ],
    );
  });

  /** A run of which the answer falls silent, and what is done to it once the model has been asked. */
  async function whileSilent(
    act: (child: ChildProcess) => unknown,
    program: readonly [file: string, ...args: string[]] = [launcher],
  ) {
    const upstream = await startScriptedUpstream([fallsSilent]);
    const [file, ...before] = program;
    const args = [...before, "e", "--json", skipGit, ...providerArguments(upstream), "hi"];
    const child = spawn(file, args, {
      argv0: file === launcher ? "codex" : file,
      cwd: folder,
      env: { CODEX_HOME: folder, PATH: process.env.PATH },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const written = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].on("data", (text) => {
        written[name] += text;
      });
    }
    await upstream.received(1);
    await act(child);
    const [code, signal] = await once(child, "exit");
    await upstream.close();
    return { code, signal, ...written };
  }

  test("is interrupted by SIGINT at once: exit 0 and no further line", async () => {
    const { stdout, ...ended } = await whileSilent((child) => child.kill("SIGINT"));
    assert.deepEqual(ended, { code: 0, signal: null, stderr: "" });
    assert.deepEqual(
      jsonLines(stdout).map(({ type }) => type),
      ["thread.started", "turn.started"],
    );
  });

  test("ends by SIGTERM and SIGHUP, as whoever sent them sees, but not by one that nohup has it ignore", async () => {
    for (const signal of ["SIGTERM", "SIGHUP"] as const) {
      const ended = await whileSilent((child) => child.kill(signal));
      assert.deepEqual([ended.code, ended.signal, ended.stderr], [null, signal, ""]);
    }
    const link = join(folder, "codex");
    fs.symlinkSync(launcher, link);
    const ended = await whileSilent(
      (child) => {
        child.kill("SIGHUP");
        child.kill("SIGINT");
      },
      ["/bin/sh", "-c", 'trap "" HUP; exec "$0" "$@"', link],
    );
    assert.deepEqual([ended.code, ended.signal, ended.stderr], [0, null, ""]);
  });

  test("ends quietly, with exit 0, when nobody reads its lines any more", async () => {
    const upstream = await startScriptedUpstream([breaksOff, says("Hello.")]);
    const args = ["exec", "--json", skipGit, ...providerArguments(upstream), "hi"];
    const child = spawn(launcher, args, {
      argv0: "codex",
      cwd: folder,
      env: { CODEX_HOME: folder, PATH: process.env.PATH },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    child.stdout.once("data", () => child.stdout.destroy());
    const ended = await once(child, "exit");
    await upstream.close();
    assert.deepEqual([ended, stderr], [[0, null], ""]);
  });

  test("ends with exit 1 and one line, no stack trace, when what it prints cannot be written", async () => {
    const upstream = await startScriptedUpstream([fallsSilent, says("Hello.")]);
    const full = fs.openSync("/dev/full", "w");
    const args = ["exec", "--json", skipGit, ...providerArguments(upstream), "hi"];
    const env = { CODEX_HOME: folder, PATH: process.env.PATH };
    const child = spawn(launcher, args, {
      argv0: "codex",
      cwd: folder,
      env,
      stdio: ["ignore", full, "pipe"],
    });
    let stderr = "";
    child.stderr?.on("data", (text) => {
      stderr += text;
    });
    const ended = await once(child, "close");
    fs.closeSync(full);
    await upstream.close();
    assert.deepEqual(
      [ended, stderr],
      [[1, null], "Error: cannot write to stdout: No space left on device (os error 28)\n"],
    );
  });

  test("reaches a proxy on a unix socket, by path and by server info, by what is said first", async () => {
    const path = join(folder, "p.sock");
    const other = join(folder, "other.sock");
    const info = join(folder, "info.json");
    fs.writeFileSync(info, JSON.stringify({ pid: process.pid, socket: path }));
    const byPath = await startScriptedUpstream([says("By path.")], { socketPath: path });
    const byOther = await startScriptedUpstream([says("By the other.")], { socketPath: other });
    const run = async (args: string[], environment: Record<string, string> = {}) =>
      (await runCodex({ args, cwd: folder, environment: { CODEX_HOME: folder, ...environment } })).stdout;
    const variable = { CODEX_PROXY: `unix:${other}` };
    assert.equal(await run(["exec", skipGit, "--proxy", `unix:${path}`, "hi"]), "By path.\n");
    assert.equal(await run(["exec", skipGit, "--proxy", info, "hi"]), "By path.\n");
    assert.equal(await run(["exec", skipGit, "hi"], variable), "By the other.\n");
    assert.equal(await run(["exec", skipGit, "-c", `proxy=unix:${path}`, "hi"], variable), "By path.\n");
    assert.equal(await run(["--proxy", `unix:${path}`, "exec", skipGit, "hi"], variable), "By path.\n");
    assert.deepEqual([byPath.requests.length, byOther.requests.length], [4, 1]);
    await Promise.all([byPath.close(), byOther.close()]);
  });

  test("reaches a proxy by an abstract name, or says that this Node cannot", async () => {
    const name = `codex-exec-test-${process.pid}`;
    const byName = await startScriptedUpstream([says("By name.")], { socketPath: `\0${name}` });
    const canReach = fs.readFileSync("/proc/net/unix", "latin1").includes(`@${name}\n`);
    const { stdout, stderr } = await runCodex({
      args: ["exec", skipGit, "--proxy", `unix:@${name}`, "hi"],
      ...{ cwd: folder, environment: { CODEX_HOME: folder } },
    });
    await byName.close();
    assert.deepEqual([stdout, byName.requests.length], canReach ? ["By name.\n", 1] : ["", 0]);
    if (!canReach)
      assert.match(stderr, /ERROR: unix:@.* cannot be reached with Node .*\nhint: run it with a newer/);
  });
});
