// What openai/codex-action does in a job, step by step, with the commands that it uses: start in the
// background, poll the file, chmod it, drop sudo, use, shut down. It needs no change for this proxy.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { type MockUpstream, startMockUpstream } from "../mock/upstream.ts";
import { asOtherUser, launcher, packageRoot, runProxy, skipWithoutOtherUser } from "../proxy-process.ts";
import { waitFor } from "../wait-for.ts";

// Like no other key of the tests that run beside this one.
const key = `sk-action-${randomBytes(12).toString("hex")}`;

// The runner's user is asOtherUser; root stands for what the action does by sudo.
const withoutSudo = [...asOtherUser, ...["--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"]];

// As test/clients installs it: used where it is there already.
const codex = join(packageRoot, "node_modules/.cache/clients/-openai-codex/node_modules/.bin/codex");

describe("the flow of the GitHub action", { skip: skipWithoutOtherUser }, () => {
  let upstream: MockUpstream;
  let home: string;
  let info: string;
  let bin: string;

  before(async () => {
    upstream = await startMockUpstream({ expectedKey: key });
    home = fs.mkdtempSync(join(tmpdir(), "codex-action-"));
    bin = join(home, "bin");
    fs.mkdirSync(bin);
    fs.symlinkSync(launcher, join(bin, "codex-responses-api-proxy"));
    info = join(home, "1234567890.json"); // $CODEX_HOME/$GITHUB_RUN_ID.json
    execFileSync("chown", ["-R", "60001:60001", home]);
  });
  after(async () => {
    await upstream.close();
    fs.rmSync(home, { recursive: true });
  });
  afterEach(() => {
    if (fs.existsSync(info)) process.kill(readInfo().pid, "SIGKILL");
  });

  const readInfo = () => JSON.parse(fs.readFileSync(info, "utf8"));
  const step = (script: string, through: readonly string[], env: NodeJS.ProcessEnv = {}) => {
    const [command = "", ...args] = [
      ...through,
      "bash",
      "--noprofile",
      "--norc",
      "-eo",
      "pipefail",
      "-c",
      script,
    ];
    const path = `${bin}:${dirname(process.execPath)}:${process.env.PATH}`;
    const all = { PATH: path, HOME: home, CODEX_HOME: home, F: info, ...env };
    return runProxy({ command, args, env: all, input: "", timeoutMs: 90_000 });
  };

  // The output of the background process goes to a file: the step's pipes would be kept open.
  const starts = {
    "a here-string": `(exec env -u PROXY_API_KEY -u NODE_OPTIONS NODE_OPTIONS=--disable-sigusr1 \\
        codex-responses-api-proxy --http-shutdown --server-info "$F" --upstream-url "$U" \\
        <<< "$PROXY_API_KEY") > "$F.log" 2>&1 &`,
    "printenv in a pipe": `(printenv PROXY_API_KEY | env -u PROXY_API_KEY \\
        codex-responses-api-proxy --http-shutdown --server-info "$F" --upstream-url "$U") > "$F.log" 2>&1 &`,
    "--daemon": `printenv PROXY_API_KEY | env -u PROXY_API_KEY codex-responses-api-proxy --daemon \\
        --log-file "$F.log" --http-shutdown --server-info "$F" --upstream-url "$U"`,
  };
  const poll = `for _ in {1..100}; do [ -s "$F" ] && exit 0; sleep 0.1; done
    echo "responses-api-proxy did not write server info"; cat "$F.log"; exit 1`;

  async function startBy(how: keyof typeof starts): Promise<void> {
    const env = { PROXY_API_KEY: key, U: upstream.url };
    const { code, stdout } = await step(`${starts[how]}\n${poll}`, asOtherUser, env);
    assert.equal(code, 0, stdout);
  }

  for (const how of Object.keys(starts) as (keyof typeof starts)[]) {
    test(`started by ${how}: every step works unchanged`, async () => {
      await startBy(how);
      fs.chmodSync(info, 0o444);
      fs.chownSync(info, 0, 0);
      const { port, pid } = readInfo();
      assert.ok(Number.isInteger(port) && port > 0);

      // After sudo is gone the same user has the proxy beside it, and cannot get at it.
      const attack = `for file in mem environ maps; do
          if cat /proc/${pid}/$file > /dev/null 2>&1; then echo "read $file"; fi
        done; ! sudo -n true 2> /dev/null`;
      assert.deepEqual(await step(attack, withoutSudo), { code: 0, signal: null, stdout: "", stderr: "" });

      const ask = `curl -fsS http://127.0.0.1:${port}/v1/responses -H 'content-type: application/json' -d '{}'`;
      const asked = await step(ask, withoutSudo);
      assert.deepEqual(
        [asked.code, /Hello from the mock upstream/.test(asked.stdout)],
        [0, true],
        asked.stderr,
      );
      assert.equal(upstream.requests.at(-1)?.headers.authorization, `Bearer ${key}`);

      // The next use of the action in the same job finds the proxy alive: kill -0, and a connection.
      const again = `kill -0 ${pid} && exec 3<>/dev/tcp/127.0.0.1/${port}`;
      assert.equal((await step(again, withoutSudo)).code, 0);

      // The shell of a pipe waits for it, and has the key in its environment: the README says so.
      if (how !== "printenv in a pipe") assert.equal(processesWith(key), "");

      const shutdown = await step(`curl -fsS http://127.0.0.1:${port}/shutdown`, withoutSudo);
      assert.equal(shutdown.code, 0, shutdown.stderr);
      await waitFor(() => !fs.existsSync(`/proc/${pid}/fd/0`) && !fs.existsSync(info), "the proxy to end");
    });
  }

  test("after a crash the file is gone, or replaced, and the action starts it again by the same name", async () => {
    await startBy("a here-string");
    const first = readInfo();
    const text = fs.readFileSync(info);
    process.kill(first.pid, "SIGKILL");
    await waitFor(() => !fs.existsSync(info), "the janitor");
    fs.writeFileSync(info, text); // as if there had been no janitor
    fs.chownSync(info, 60001, 60001);
    const env = { PROXY_API_KEY: key, U: upstream.url };
    const started = `${starts["a here-string"]}\nfor _ in {1..100}; do grep -q listening "$F.log" && exit 0; sleep 0.1; done; exit 1`;
    fs.rmSync(`${info}.log`);
    assert.equal((await step(`sleep 0.1; : > "$F.log"; ${started}`, asOtherUser, env)).code, 0);
    assert.notEqual(readInfo().pid, first.pid);
    assert.equal((await step(`curl -fsS http://127.0.0.1:${readInfo().port}/shutdown`, withoutSudo)).code, 0);
    await waitFor(() => !fs.existsSync(info), "the proxy to end");
  });

  test("codex exec uses it, by the config that the action writes", {
    skip: !fs.existsSync(codex) && "@openai/codex is not installed: npm run test:clients does that",
  }, async () => {
    upstream.mode = "plain";
    await startBy("a here-string");
    const { port } = readInfo();
    const script = `cat > "$CODEX_HOME/config.toml" << CONFIG
model_provider = "codex-action-responses-proxy"

[model_providers.codex-action-responses-proxy]
name = "Codex Action Responses Proxy"
base_url = "http://127.0.0.1:${port}/v1"
wire_api = "responses"
CONFIG
      cd "$HOME" && ${codex} exec --skip-git-repo-check "Say hi" && curl -fsS http://127.0.0.1:${port}/shutdown`;
    const { code, stdout, stderr } = await step(script, withoutSudo);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /piece 0/);
  });
});

/** The pids of processes that have a text in their environment, of those that root can read. */
function processesWith(text: string): string {
  const pids = fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids
    .filter((pid) => {
      try {
        return fs.readFileSync(`/proc/${pid}/environ`, "latin1").includes(text);
      } catch {
        return false;
      }
    })
    .join(" ");
}
