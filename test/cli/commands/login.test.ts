// The commands of login as a user runs them. Logins in the browser take the fixed port 1455, so they are
// all in this file, one after the other.

import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { type MockIssuer, type MockIssuerOptions, startMockIssuer } from "../../mock/issuer.ts";
import { type CodexResult, launcher, runCodex } from "../codex-process.ts";

const key = "sk-abcdefghijklmnopqrstuvwxyz1234";

describe("codex login", () => {
  let home: string;
  let issuer: MockIssuer;
  const closers: (() => unknown)[] = [];

  before(async () => {
    issuer = await startMockIssuer();
  });
  after(() => issuer.close());
  beforeEach(() => {
    home = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "codex-login-")));
  });
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
    fs.rmSync(home, { recursive: true, force: true });
  });

  function run(
    args: readonly string[],
    input = "",
    environment: Readonly<Record<string, string>> = {},
  ): Promise<CodexResult> {
    return runCodex({ args, input, environment: { HOME: home, CODEX_HOME: home, ...environment } });
  }
  const summary = ({ code, stdout, stderr }: CodexResult) => ({ code, stdout, stderr });
  const authFile = () => join(home, "auth.json");
  const atIssuer = (url = issuer.url) => ["--experimental_issuer", url];
  async function issuerWith(options: MockIssuerOptions): Promise<MockIssuer> {
    const started = await startMockIssuer(options);
    closers.push(started.close);
    return started;
  }

  test("stores an API key from stdin, shows its ends, and forgets it", async () => {
    assert.deepEqual(summary(await run(["login", "--with-api-key"], `  ${key}\n`)), {
      code: 0,
      stdout: "",
      stderr: "Reading API key from stdin...\nSuccessfully logged in\n",
    });
    assert.equal(fs.readFileSync(authFile(), "utf8"), `{\n  "OPENAI_API_KEY": "${key}"\n}`);
    assert.equal(fs.statSync(authFile()).mode & 0o777, 0o600);
    const status = await run(["login", "status"]);
    assert.deepEqual(summary(status), {
      code: 0,
      stdout: "",
      stderr: "Logged in using an API key - sk-abcde***z1234\n",
    });
    const outs = [await run(["logout"]), await run(["logout"]), await run(["login", "status"])];
    assert.deepEqual(
      outs.map(({ code, stderr }) => [code, stderr]),
      [
        [0, "Successfully logged out\n"],
        [0, "Not logged in\n"],
        [1, "Not logged in\n"],
      ],
    );
  });

  test("shows nothing of a key of 13 characters", async () => {
    fs.writeFileSync(authFile(), '{"OPENAI_API_KEY":"sk-proj-12345"}');
    assert.equal((await run(["login", "status"])).stderr, "Logged in using an API key - ***\n");
  });

  for (const [what, input, line] of [
    ["nothing", " \n", "No API key provided via stdin.\n"],
    [
      "two words",
      `${key} ${key}`,
      "What came from stdin is not one API key: it is too long, or of more than one word.\n",
    ],
    [
      "a whole file",
      "x".repeat(100_000),
      "What came from stdin is not one API key: it is too long, or of more than one word.\n",
    ],
  ] as const) {
    test(`stores no key where stdin has ${what}`, async () => {
      const result = await run(["login", "--with-api-key"], input);
      assert.deepEqual([result.code, result.stderr], [1, `Reading API key from stdin...\n${line}`]);
      assert.ok(!fs.existsSync(authFile()));
    });
  }

  test("takes no key as an argument, and does not repeat it", async () => {
    assert.deepEqual(summary(await run(["login", "--api-key", key])), {
      code: 1,
      stdout: "",
      stderr:
        "The --api-key flag is no longer supported. Pipe the key instead, e.g. `printenv OPENAI_API_KEY | codex login --with-api-key`.\n",
    });
  });

  test("says of a malformed auth.json what to do, keeps it, and replaces it only by a login", async () => {
    fs.writeFileSync(authFile(), "{ sk-secret");
    assert.deepEqual(summary(await run(["login", "status"])), {
      code: 1,
      stdout: "",
      stderr: `Error checking login status: ${authFile()} is malformed: it is not JSON\nhint: run \`codex login\` to replace it, or \`codex logout\` to remove it\n`,
    });
    assert.equal(fs.readFileSync(authFile(), "utf8"), "{ sk-secret");
    assert.equal((await run(["login", "--with-api-key"], key)).code, 0);
    assert.equal((await run(["login", "status"])).code, 0);
  });

  test("says which rule forbids a way of logging in", async () => {
    const chatgpt = "-cforced_login_method=chatgpt";
    const api = "-cforced_login_method=api";
    const refused = await run(["login", "--with-api-key", chatgpt], key);
    assert.deepEqual(
      [refused.code, refused.stderr],
      [1, "Reading API key from stdin...\nAPI key login is disabled. Use ChatGPT login instead.\n"],
    );
    for (const args of [["login"], ["login", "--device-auth"], ["login", "--with-access-token"]]) {
      const { code, stderr } = await run([...args, api], "at-good");
      assert.deepEqual([code, stderr], [1, "ChatGPT login is disabled. Use API key login instead.\n"]);
    }
    assert.ok(!fs.existsSync(authFile()));
  });

  test("tells what is wrong with the configuration in the original's words", async () => {
    const result = await run(["login", "status", "-c", "forced_login_method=bogus"]);
    assert.equal(result.code, 1);
    assert.match(result.stderr, /^Error loading configuration: .*forced_login_method/s);
    const override = await run(["login", "status", "-c", "foo"]);
    assert.equal(override.code, 1);
    assert.match(override.stderr, /^Error parsing -c overrides: Invalid override \(missing '='\): foo\n/);
  });

  test("is not needed under a proxy, and says so", async () => {
    for (const args of [["login"], ["login", "--device-auth"], ["login", "status"]]) {
      const result = await run([...args, "-c", "proxy=http://127.0.0.1:9"]);
      assert.deepEqual([result.code, result.stdout], [0, ""]);
      assert.match(result.stderr, /^No login is needed: requests go through /);
    }
  });

  test("stores a personal access token once its issuer knows it, and no other token", async () => {
    const environment = { CODEX_AUTHAPI_BASE_URL: issuer.url };
    const good = await run(["login", "--with-access-token"], "at-good\n", environment);
    assert.deepEqual(
      [good.code, good.stderr],
      [0, "Reading access token from stdin...\nSuccessfully logged in\n"],
    );
    assert.equal(
      fs.readFileSync(authFile(), "utf8"),
      '{\n  "OPENAI_API_KEY": null,\n  "personal_access_token": "at-good"\n}',
    );
    assert.equal((await run(["login", "status"])).stderr, "Logged in using personal access token\n");
    for (const [token, reason] of [
      ["at-bad", "personal access token metadata request failed with status 401"],
      ["a.b.c", "this is not a personal access token"],
    ] as const) {
      const bad = await run(["login", "--with-access-token"], token, environment);
      assert.equal(bad.code, 1);
      assert.ok(bad.stderr.includes(`\nError logging in with access token: ${reason}\n`), bad.stderr);
      assert.ok(!bad.stderr.includes(token));
    }
    assert.match(fs.readFileSync(authFile(), "utf8"), /at-good/);
  });

  test("forgets a ChatGPT login first, then has its refresh token revoked, and tells nobody of a key", async () => {
    const tokens = { ...issuer.issue(), account_id: "account-1" };
    const before = issuer.requests.length;
    const environment = { CODEX_REFRESH_TOKEN_URL_OVERRIDE: `${issuer.url}/oauth/token` };
    fs.writeFileSync(authFile(), JSON.stringify({ OPENAI_API_KEY: null, tokens }));
    assert.deepEqual(summary(await run(["logout"], "", environment)), {
      code: 0,
      stdout: "",
      stderr: "Successfully logged out\n",
    });
    for (const other of [
      `{"OPENAI_API_KEY":"${key}"}`,
      '{"personal_access_token":"at-good"}',
      "{ malformed",
    ]) {
      fs.writeFileSync(authFile(), other);
      assert.equal((await run(["logout"], "", environment)).stderr, "Successfully logged out\n");
    }
    assert.deepEqual(
      issuer.requests.slice(before).map(({ method, path, body }) => [method, path, JSON.parse(body)]),
      [
        [
          "POST",
          "/oauth/revoke",
          {
            token: tokens.refresh_token,
            token_type_hint: "refresh_token",
            client_id: "app_EMoamEEZ73f0CkXaXp7hrann",
          },
        ],
      ],
    );
  });

  test("is logged out though the issuer cannot be told, and says so without the token", async () => {
    const tokens = issuer.issue();
    const gone = await startMockIssuer();
    await gone.close();
    const url = `${gone.url}/oauth/revoke`;
    fs.writeFileSync(authFile(), JSON.stringify({ tokens }));
    assert.deepEqual(summary(await run(["logout"], "", { CODEX_REVOKE_TOKEN_URL_OVERRIDE: url })), {
      code: 0,
      stdout: "",
      stderr: `warning: tokens are forgotten here but not revoked: ${gone.url} cannot be reached (ECONNREFUSED)\nSuccessfully logged out\n`,
    });
    assert.ok(!fs.existsSync(authFile()));
  });

  test("keeps no new login where no lock can be had, leaves nothing behind, and still logs out", async () => {
    fs.writeFileSync(authFile(), '{"OPENAI_API_KEY":"sk-before"}');
    const inTheWay = "auth.json.write-lock";
    fs.mkdirSync(join(home, inTheWay));
    const result = await run(["login", "--with-api-key"], key);
    assert.equal(result.code, 1);
    assert.match(result.stderr, /\nError logging in: .*auth\.json\.write-lock/);
    assert.deepEqual(fs.readdirSync(home).sort(), ["auth.json", inTheWay]);
    assert.equal(fs.readFileSync(authFile(), "utf8"), '{"OPENAI_API_KEY":"sk-before"}');
    assert.deepEqual(summary(await run(["logout"])), {
      code: 0,
      stdout: "",
      stderr: "Successfully logged out\n",
    });
    assert.deepEqual(fs.readdirSync(home), [inTheWay]);
  });

  for (const flag of ["--device-auth", "--experimental_use-device-code"]) {
    test(`by a device code waits until the user has typed it: ${flag}`, async () => {
      const patient = await issuerWith({ pendingPolls: 2 });
      const result = await run(["login", flag, ...atIssuer(patient.url)]);
      assert.deepEqual([result.code, result.stderr], [0, "Successfully logged in\n"]);
      assert.ok(result.stdout.includes(`1. Open in your browser: ${patient.url}/codex/device\n`));
      assert.match(result.stdout, /\n {5}ABCD-12345\n/);
      assert.ok(!result.stdout.includes("\x1b"));
      const document = JSON.parse(fs.readFileSync(authFile(), "utf8"));
      assert.deepEqual(Object.keys(document), ["OPENAI_API_KEY", "tokens", "last_refresh"]);
      assert.deepEqual(Object.keys(document.tokens), [
        "id_token",
        "access_token",
        "refresh_token",
        "account_id",
      ]);
      assert.equal(fs.statSync(authFile()).mode & 0o777, 0o600);
      assert.deepEqual(
        patient.requests.map((request) => request.path),
        [
          "/api/accounts/deviceauth/usercode",
          ...Array.from({ length: 3 }, () => "/api/accounts/deviceauth/token"),
          "/oauth/token",
        ],
      );
      for (const secret of patient.secrets) assert.ok(!(result.stdout + result.stderr).includes(secret));
    });
  }

  test("asks CODEX_DEVICE_AUTH_BASE_URL for device codes, and the issuer for tokens", async () => {
    const devices = await issuerWith({ hasNoDeviceCodes: true });
    const environment = { CODEX_DEVICE_AUTH_BASE_URL: `${devices.url}/` };
    const result = await run(["login", "--device-auth", ...atIssuer()], "", environment);
    assert.deepEqual(
      [result.code, result.stderr],
      [
        1,
        "Error logging in with device code: device code login is not enabled for this Codex server. Use the browser login or verify the server URL.\n",
      ],
    );
    assert.deepEqual(
      devices.requests.map((request) => request.path),
      ["/deviceauth/usercode"],
    );
  });

  test("tells an issuer that cannot be reached from one that refuses", async () => {
    const closed = await startMockIssuer();
    await closed.close();
    const unreachable = await run(["login", "--device-auth", ...atIssuer(closed.url)]);
    assert.equal(unreachable.code, 1);
    assert.ok(
      unreachable.stderr.startsWith(
        `Error logging in with device code: ${closed.url} cannot be reached (ECONNREFUSED)\nhint: `,
      ),
      unreachable.stderr,
    );
    const bad = await run(["login", "--device-auth", ...atIssuer("ftp://x")]);
    assert.match(bad.stderr, /the issuer is not an http or https URL\nhint: .*--experimental_issuer, /);
  });

  interface RunningLogin {
    readonly child: ChildProcess;
    readonly url: string;
    stderr(): string;
    readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  }

  async function startLogin(...args: string[]): Promise<RunningLogin> {
    const child = spawn(launcher, ["login", ...atIssuer(), ...args], {
      argv0: "codex",
      env: { PATH: process.env.PATH, HOME: home, CODEX_HOME: home },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const ended = once(child, "close").then(([code, signal]) => ({ code, signal }));
    closers.push(async () => {
      child.kill("SIGKILL");
      await ended;
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    while (!/\n\nhttp\S+\n/.test(stderr)) await once(child.stderr, "data");
    return { child, url: /\n\n(http\S+)\n/.exec(stderr)?.[1] ?? "", stderr: () => stderr, ended };
  }

  test("in the browser prints the address, keeps the tokens to itself, and ends with the last page", async () => {
    const login = await startLogin("--experimental_client-id", "app_other");
    assert.equal(
      login.stderr(),
      `Starting local login server on http://localhost:1455.\nIf your browser did not open, navigate to this URL to authenticate:\n\n${login.url}\n\n`,
    );
    assert.match(
      login.url,
      /\?response_type=code&client_id=app_other&redirect_uri=http%3A%2F%2Flocalhost%3A1455%2Fauth%2Fcallback&/,
    );
    const commandLine = fs.readFileSync(`/proc/${login.child.pid}/cmdline`, "utf8");
    const page = await fetch(login.url, { headers: { accept: "text/html" } });
    assert.match(await page.text(), /You are logged in/);
    assert.deepEqual(await login.ended, { code: 0, signal: null });
    assert.ok(login.stderr().endsWith("\n\nSuccessfully logged in\n"));
    for (const secret of issuer.secrets) {
      assert.ok(!login.stderr().includes(secret));
      assert.ok(!commandLine.includes(secret));
    }
    assert.equal((await run(["login", "status"])).stderr, "Logged in using ChatGPT\n");
  });

  test("in the browser gives way to the next one, which takes its port", async () => {
    const first = await startLogin();
    const second = await startLogin();
    assert.deepEqual(await first.ended, { code: 1, signal: null });
    assert.ok(first.stderr().endsWith("\nError logging in: Login cancelled\n"));
    assert.match(second.stderr(), /http:\/\/localhost:1455\./);
  });

  test("in the browser is ended by Ctrl-C without a word, and the port is free", async () => {
    const login = await startLogin();
    const said = login.stderr();
    login.child.kill("SIGINT");
    assert.deepEqual(await login.ended, { code: null, signal: "SIGINT" });
    assert.equal(login.stderr(), said);
    assert.deepEqual(fs.readdirSync(home), []);
    const next = await startLogin();
    assert.match(next.stderr(), /http:\/\/localhost:1455\./);
  });

  test("in the browser takes port 1457 where something else holds 1455", async () => {
    const squatter = http.createServer((_, response) => response.end("mine"));
    await new Promise<void>((resolve) => squatter.listen(1455, "127.0.0.1", resolve));
    closers.push(() => squatter.closeAllConnections());
    closers.push(() => squatter.close());
    const login = await startLogin();
    assert.match(login.stderr(), /http:\/\/localhost:1457\.\n/);
    assert.match(login.url, /redirect_uri=http%3A%2F%2Flocalhost%3A1457%2F/);
    assert.match(await (await fetch(login.url, { headers: { accept: "text/html" } })).text(), /logged in/);
    assert.equal((await login.ended).code, 0);
  });

  test("in the browser opens the first program of BROWSER that can be started", async () => {
    const script = join(home, "browser.sh");
    fs.writeFileSync(
      script,
      `#!/bin/sh\nprintf '%s' "$2" > ${home}/opened.tmp\nmv ${home}/opened.tmp ${home}/opened\n`,
      {
        mode: 0o755,
      },
    );
    const child = spawn(launcher, ["login", ...atIssuer()], {
      argv0: "codex",
      env: {
        PATH: process.env.PATH,
        HOME: home,
        CODEX_HOME: home,
        BROWSER: `/nonexistent:${script} --new %s`,
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    closers.push(async () => {
      child.kill("SIGKILL");
      await once(child, "close");
    });
    const opened = await new Promise<string>((resolve) => {
      const watcher = fs.watch(home, () => {
        if (!fs.existsSync(join(home, "opened"))) return;
        watcher.close();
        resolve(fs.readFileSync(join(home, "opened"), "utf8"));
      });
    });
    assert.ok(opened.startsWith(`${issuer.url}/oauth/authorize?`));
  });

  test("in the browser of the desktop, which gets the user's environment whole", async () => {
    const bin = join(home, "bin");
    fs.mkdirSync(bin);
    const note = `printf '%s\\n%s' "$1" "$LD_LIBRARY_PATH" > ${home}/noted.tmp; mv ${home}/noted.tmp ${home}/noted`;
    fs.writeFileSync(join(bin, "xdg-open"), `#!/bin/sh\nPATH=/usr/bin:/bin\n${note}\n`, { mode: 0o755 });
    const noted = new Promise<string>((resolve) => {
      const watcher = fs.watch(home, () => {
        if (!fs.existsSync(join(home, "noted"))) return;
        watcher.close();
        resolve(fs.readFileSync(join(home, "noted"), "utf8"));
      });
    });
    const child = spawn(launcher, ["login", ...atIssuer()], {
      argv0: "codex",
      env: { PATH: bin, HOME: home, CODEX_HOME: home, DISPLAY: ":9", LD_LIBRARY_PATH: "/opt/lib" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    closers.push(async () => {
      child.kill("SIGKILL");
      await once(child, "close");
    });
    const [url, libraries] = (await noted).split("\n");
    assert.ok(url?.startsWith(`${issuer.url}/oauth/authorize?`), url);
    assert.equal(libraries, "/opt/lib");
  });

  test("does not wait for a key on a terminal", { skip: spawnSync("which", ["script"]).status !== 0 }, () => {
    const command = `exec -a codex ${launcher} login --with-api-key`;
    const result = spawnSync("script", ["-qec", `bash -c '${command}'`, "/dev/null"], {
      env: { PATH: process.env.PATH, HOME: home, CODEX_HOME: home },
      encoding: "utf8",
      timeout: 30_000,
    });
    assert.equal(result.status, 1);
    assert.ok(
      result.stdout.includes(
        "--with-api-key expects the API key on stdin. Try piping it, e.g. `printenv OPENAI_API_KEY | codex login --with-api-key`.",
      ),
      result.stdout,
    );
  });
});
