// Login, its status and logout: ours and the originals side by side. Logins in the browser take the fixed
// port 1455, so they run one after the other.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type MockIssuerOptions, startMockIssuer, unsignedJwt } from "../mock/issuer.ts";
import {
  type Case,
  inFreshPlace,
  newest,
  ours,
  reference,
  runSubject,
  type Subject,
  sideBySide,
  subjects,
} from "./originals.ts";

const key = "sk-abcdefghijklmnopqrstuvwxyz1234";
const keyFile = `{\n  "OPENAI_API_KEY": "${key}"\n}`;
const idToken = unsignedJwt({
  email: "user@example.com",
  "https://api.openai.com/auth": { chatgpt_account_id: "account-1", chatgpt_plan_type: "plus" },
});
const chatgptFile = JSON.stringify({
  OPENAI_API_KEY: null,
  tokens: { id_token: idToken, access_token: "at", refresh_token: "rt", account_id: "account-1" },
  last_refresh: "2026-11-22T05:23:06.114668361Z",
});

const cases: readonly Case[] = [
  {
    title: "an API key from stdin is stored as the only member of auth.json",
    args: ["login", "--with-api-key"],
    input: `${key}\n`,
    expect: {
      code: 0,
      stdout: "",
      stderr: "Reading API key from stdin...\nSuccessfully logged in\n",
      files: { "auth.json": keyFile },
    },
    differs: {
      newest: {
        code: 0,
        stdout: "",
        files: { "auth.json": `{\n  "auth_mode": "apikey",\n  "OPENAI_API_KEY": "${key}"\n}` },
      },
    },
  },
  {
    title: "white space around a key does not count",
    args: ["login", "--with-api-key"],
    input: `  ${key} \n\n`,
    expect: { code: 0, files: { "auth.json": keyFile } },
    differs: { newest: "it writes auth_mode too" },
  },
  {
    title: "no key on stdin stores nothing and ends with 1",
    args: ["login", "--with-api-key"],
    input: " \n",
    expect: {
      code: 1,
      stdout: "",
      stderr: "Reading API key from stdin...\nNo API key provided via stdin.\n",
      files: { "auth.json": undefined },
    },
  },
  {
    title: "a key as an argument is refused with the way to pipe it",
    args: ["login", "--api-key", key],
    expect: {
      code: 1,
      stdout: "",
      stderr:
        "The --api-key flag is no longer supported. Pipe the key instead, e.g. `printenv OPENAI_API_KEY | codex login --with-api-key`.\n",
    },
  },
  {
    title: "status says that nobody is logged in and ends with 1",
    args: ["login", "status"],
    expect: { code: 1, stdout: "", stderr: "Not logged in\n" },
  },
  {
    title: "status shows the ends of a key",
    args: ["login", "status"],
    files: { "auth.json": keyFile },
    expect: { code: 0, stdout: "", stderr: "Logged in using an API key - sk-abcde***z1234\n" },
    differs: { newest: { code: 0, stdout: "", stderr: /sk-abcde\*\*\*z1234\n/ } },
  },
  {
    title: "status shows nothing of a key of 13 characters",
    args: ["login", "status"],
    files: { "auth.json": '{"OPENAI_API_KEY":"sk-proj-12345"}' },
    expect: { code: 0, stdout: "", stderr: "Logged in using an API key - ***\n" },
    differs: { newest: { code: 0, stderr: / - \*\*\*\n/ } },
  },
  {
    title: "status knows a login with ChatGPT",
    args: ["login", "status"],
    files: { "auth.json": chatgptFile },
    expect: { code: 0, stdout: "", stderr: "Logged in using ChatGPT\n" },
  },
  {
    title: "a key beside tokens is what counts",
    args: ["login", "status"],
    files: { "auth.json": chatgptFile.replace("null", `"${key}"`) },
    expect: { code: 0, stderr: /API key.* - sk-abcde\*\*\*z1234\n/ },
  },
  {
    title: "auth_mode of later versions is what counts, and is no fault to earlier ones",
    args: ["login", "status"],
    files: { "auth.json": chatgptFile.replace("{", '{"auth_mode":"chatgpt",') },
    expect: { code: 0, stderr: "Logged in using ChatGPT\n" },
  },
  {
    title: "a malformed auth.json is an error, and stays as it is",
    args: ["login", "status"],
    files: { "auth.json": "{bad" },
    expect: { code: 1, stdout: "", stderr: /^Error checking login status: /, files: { "auth.json": "{bad" } },
  },
  {
    title: "a malformed auth.json is replaced by a login",
    args: ["login", "--with-api-key"],
    files: { "auth.json": "{bad" },
    input: key,
    expect: { code: 0, files: { "auth.json": keyFile } },
    differs: { newest: "it writes auth_mode too" },
  },
  {
    title: "logout removes auth.json, malformed or not",
    args: ["logout"],
    files: { "auth.json": "{bad" },
    expect: { code: 0, stdout: "", stderr: "Successfully logged out\n", files: { "auth.json": undefined } },
  },
  {
    title: "logout without a login says so and ends with 0",
    args: ["logout"],
    expect: { code: 0, stdout: "", stderr: "Not logged in\n" },
  },
  {
    title: "a key is refused where ChatGPT is forced",
    args: ["login", "--with-api-key"],
    config: 'forced_login_method = "chatgpt"\n',
    input: key,
    expect: {
      code: 1,
      stdout: "",
      stderr: /API key login is disabled\. Use ChatGPT login instead\.\n$/,
      files: { "auth.json": undefined },
    },
  },
  {
    title: "ChatGPT is refused where a key is forced",
    args: ["login"],
    config: 'forced_login_method = "api"\n',
    expect: { code: 1, stdout: "", stderr: "ChatGPT login is disabled. Use API key login instead.\n" },
  },
  {
    title: "exec logs out whom the forced login method does not allow, before anything else",
    args: ["exec", "hi"],
    config: 'forced_login_method = "chatgpt"\n',
    files: { "auth.json": keyFile },
    expect: {
      code: 1,
      stdout: "",
      stderr: "ChatGPT login is required, but an API key is currently being used. Logging out.\n",
      files: { "auth.json": undefined },
    },
    differs: { newest: { code: 1, files: { "auth.json": undefined } } },
  },
  {
    title: "exec logs out whom the forced workspace does not allow",
    args: ["exec", "hi"],
    config: 'forced_chatgpt_workspace_id = "workspace-9"\n',
    files: { "auth.json": chatgptFile },
    expect: {
      code: 1,
      stdout: "",
      stderr:
        "Login is restricted to workspace workspace-9, but current credentials belong to account-1. Logging out.\n",
      files: { "auth.json": undefined },
    },
    differs: { newest: { code: 1, files: { "auth.json": undefined } } },
  },
  {
    title: "a configuration that cannot be read is said before anything else",
    args: ["login", "status"],
    config: "model = [\n",
    expect: { code: 1, stdout: "", stderr: /^Error loading configuration: / },
  },
  {
    title: "an override without a value is said before anything else",
    args: ["login", "status", "-c", "foo"],
    expect: { code: 1, stderr: /^Error parsing -c overrides: Invalid override \(missing '='\): foo\n/ },
  },
  {
    title: "an argument that logout does not take is a usage error",
    args: ["logout", "foo"],
    expect: {
      code: 2,
      stderr: /^error: unexpected argument 'foo' found\n\nUsage: codex logout \[OPTIONS\]\n/,
    },
  },
];

sideBySide("login", cases);

for (const subject of subjects) {
  describe(`login with ChatGPT: ${subject.name}`, { skip: subject.skip }, () => {
    const logIn = async (
      options: MockIssuerOptions,
      check: (result: {
        code: number | null;
        stdout: string;
        stderr: string;
        home: string;
        tmp: string;
        paths: string[];
        url: string;
      }) => Promise<void> | void,
      more: readonly string[] = [],
    ) => {
      const issuer = await startMockIssuer(options);
      try {
        await inFreshPlace(async (place) => {
          const args = ["login", "--device-auth", "--experimental_issuer", issuer.url, ...more];
          const run = await runSubject(subject, { ...place, args });
          const paths = issuer.requests.map((request) => `${request.method} ${request.path}`);
          await check({ ...run, home: place.home, tmp: place.tmp, paths, url: issuer.url });
        });
      } finally {
        await issuer.close();
      }
    };

    test("by a device code stores the four tokens with mode 600", async () => {
      await logIn({ pendingPolls: 1 }, ({ code, stdout, stderr, home, paths }) => {
        assert.equal(code, 0, stderr);
        assert.match(stderr, /Successfully logged in\n$/);
        assert.match(stdout, /ABCD-12345/);
        const document = JSON.parse(fs.readFileSync(join(home, "auth.json"), "utf8"));
        assert.equal(fs.statSync(join(home, "auth.json")).mode & 0o777, 0o600);
        assert.equal(document.OPENAI_API_KEY, null);
        for (const name of ["id_token", "access_token", "refresh_token"]) {
          assert.equal(typeof document.tokens[name], "string");
        }
        assert.equal(document.tokens.account_id, "account-1");
        assert.ok(Math.abs(Date.now() - Date.parse(document.last_refresh)) < 60_000);
        assert.deepEqual(paths, [
          "POST /api/accounts/deviceauth/usercode",
          "POST /api/accounts/deviceauth/token",
          "POST /api/accounts/deviceauth/token",
          "POST /oauth/token",
        ]);
      });
    });

    test("by a device code says that the server has none", async () => {
      await logIn({ hasNoDeviceCodes: true }, ({ code, stderr, home }) => {
        assert.equal(code, 1);
        assert.match(
          stderr,
          /device code login is not enabled for this Codex server\. Use the browser login/,
        );
        assert.ok(!fs.existsSync(join(home, "auth.json")));
      });
    });

    test("by a device code keeps no login of another workspace", async () => {
      const forced = ["-c", "forced_chatgpt_workspace_id=workspace-1"];
      await logIn(
        { accountId: "account-2" },
        ({ code, stderr, home }) => {
          assert.equal(code, 1, stderr);
          assert.match(stderr, /Error logging in.*: Login is restricted to workspace id.* workspace-1\.\n$/);
          assert.ok(!fs.existsSync(join(home, "auth.json")));
        },
        forced,
      );
    });

    test("by a device code is read by ours and by the originals", async () => {
      await logIn({}, async ({ home, tmp, code }) => {
        assert.equal(code, 0);
        for (const reader of subjects.filter((one) => one.skip === false)) {
          const place = { home, cwd: home, tmp };
          const { stderr } = await runSubject(reader, { ...place, args: ["login", "status"] });
          assert.match(stderr, /^Logged in using ChatGPT\n/, reader.name);
        }
      });
    });

    test("in the browser answers 400 to a foreign state, 200 to /cancel, and ends with 1", async () => {
      await inBrowser(subject, async ({ ask, ended }) => {
        const foreign = await ask("/auth/callback?code=x&state=foreign");
        assert.deepEqual(foreign, { status: 400, body: "State mismatch" });
        assert.deepEqual(await ask("/nowhere"), { status: 404, body: "Not Found" });
        assert.deepEqual(await ask("/cancel"), { status: 200, body: "Login cancelled" });
        const { code, stderr } = await ended;
        assert.equal(code, 1);
        assert.match(stderr, /Error logging in: Login cancelled\n$/);
      });
    });

    test("in the browser is cancelled by ours, which takes its port", async () => {
      await inBrowser(subject, async (first) => {
        await inBrowser(ours, async (second) => {
          assert.equal((await first.ended).code, 1);
          assert.match(second.said(), /http:\/\/localhost:1455\./);
        });
      });
    });

    test("in the browser cancels ours and takes its port", async () => {
      await inBrowser(ours, async (first) => {
        await inBrowser(subject, async (second) => {
          assert.equal((await first.ended).code, 1);
          assert.match(second.said(), /http:\/\/localhost:1455\./);
        });
      });
    });

    test("in the browser asks the issuer with the same parameters", async () => {
      await inBrowser(subject, async ({ said }) => {
        const url = new URL(/\n\n(http\S+)/.exec(said())?.[1] ?? "");
        const order = [
          ...["response_type", "client_id", "redirect_uri", "scope", "code_challenge"],
          ...["code_challenge_method", "id_token_add_organizations", "codex_cli_simplified_flow"],
          ...["state", "originator"],
        ];
        const names = [...url.searchParams.keys()];
        // The newest has another order, and more scopes.
        assert.deepEqual(
          subject === newest ? names.sort() : names,
          subject === newest ? order.sort() : order,
        );
        assert.equal(url.searchParams.get("client_id"), "app_EMoamEEZ73f0CkXaXp7hrann");
        assert.match(url.searchParams.get("scope") ?? "", /^openid profile email offline_access/);
        assert.match(url.searchParams.get("code_challenge") ?? "", /^[\w-]{43}$/);
        assert.match(url.searchParams.get("state") ?? "", /^[\w-]{43}$/);
        assert.match(
          url.searchParams.get("redirect_uri") ?? "",
          /^http:\/\/(localhost|127\.0\.0\.1):1455\/auth\/callback$/,
        );
      });
    });
  });
}

interface InBrowser {
  said(): string;
  ask(path: string): Promise<{ status: number; body: string }>;
  readonly ended: Promise<{ code: number | null; stderr: string }>;
}

/** Start a login in the browser, work with it while it waits, and end it. */
async function inBrowser(subject: Subject, work: (login: InBrowser) => Promise<void>): Promise<void> {
  await inFreshPlace(async ({ home, cwd, tmp }) => {
    const [file = "", ...first] = subject.command;
    const child = spawn(file, [...first, "login"], {
      cwd,
      env: { PATH: process.env.PATH, HOME: home, CODEX_HOME: home, TMPDIR: tmp, BROWSER: "/bin/true" },
      stdio: ["ignore", "ignore", "pipe"],
      detached: true,
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    const ended = once(child, "close").then(([code]) => ({ code: code as number | null, stderr }));
    const timer = setTimeout(() => child.kill("SIGKILL"), 30_000);
    try {
      while (!/\n\nhttp\S+\n/.test(stderr) && child.exitCode === null) await once(child.stderr, "data");
      await work({
        said: () => stderr,
        ended,
        async ask(path) {
          const response = await fetch(`http://127.0.0.1:1455${path}`);
          return { status: response.status, body: await response.text() };
        },
      });
    } finally {
      clearTimeout(timer);
      // The original from npm is a Node process with a child of its own.
      try {
        process.kill(-(child.pid as number), "SIGKILL");
      } catch {
        // It has ended.
      }
      await ended;
    }
  });
}

describe("auth.json and the keyring are shared with the originals", () => {
  for (const subject of [reference, newest]) {
    test(`what one stores, ${subject.name} and ours read and remove`, { skip: subject.skip }, async () => {
      for (const [writer, other] of [
        [ours, subject],
        [subject, ours],
      ] as const) {
        await inFreshPlace(async (place) => {
          await runSubject(writer, { ...place, args: ["login", "--with-api-key"], input: key });
          const status = await runSubject(other, { ...place, args: ["login", "status"] });
          assert.match(status.stderr, / - sk-abcde\*\*\*z1234\n/);
          const logout = await runSubject(other, { ...place, args: ["logout"] });
          assert.equal(logout.stderr, "Successfully logged out\n");
          assert.equal((await runSubject(writer, { ...place, args: ["login", "status"] })).code, 1);
        });
      }
    });
  }

  const missing = ["dbus-run-session", "gnome-keyring-daemon"].filter(
    (tool) => spawnSync("which", [tool]).status !== 0,
  );
  const skip =
    newest.skip !== false ? newest.skip : missing.length > 0 ? `SKIPPED: no ${missing.join(", ")}` : false;
  if (missing.length > 0) console.error(`# SKIPPED: no ${missing.join(", ")}`);
  test("the newest and ours find each other's entry of a real Secret Service", { skip }, async () => {
    const script = `printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null
      store="-c cli_auth_credentials_store=keyring"
      echo ${key} | $OURS login --with-api-key $store && $NEWEST login status $store && $NEWEST logout $store
      echo ${key} | $NEWEST login --with-api-key $store && $OURS login status $store && $OURS logout $store
      $NEWEST login status $store; ls $CODEX_HOME/auth.json`;
    await inFreshPlace(async ({ home, cwd, tmp }) => {
      const run = spawnSync("dbus-run-session", ["--", "sh", "-c", script], {
        cwd,
        env: {
          PATH: process.env.PATH,
          ...{ HOME: home, CODEX_HOME: home, TMPDIR: tmp, XDG_RUNTIME_DIR: tmp },
          ...{ OURS: ours.command.join(" "), NEWEST: newest.command.join(" ") },
        },
        encoding: "utf8",
        timeout: 90_000,
      });
      assert.equal(run.stderr.match(/ - sk-abcde\*\*\*z1234/g)?.length, 2, run.stderr);
      assert.equal(run.stderr.match(/Successfully logged out/g)?.length, 2, run.stderr);
      assert.match(run.stderr, /Not logged in\n.*auth\.json.*No such file/s);
    });
  });
});
