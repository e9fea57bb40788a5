import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { Check } from "../../../agent/doctor/check.ts";
import { asOtherUser, skipWithoutOtherUser } from "../../proxy-process.ts";
import { launcher, makeFolder, runCodex } from "../codex-process.ts";

const root = makeFolder();
after(() => fs.rmSync(root, { recursive: true, force: true }));
const apiKey = "sk-doctor-0123456789abcdefghijklmnop";

function home(name: string, files: Readonly<Record<string, string>> = {}): string {
  const folder = join(root, name);
  fs.mkdirSync(folder, { mode: 0o700 });
  for (const [file, text] of Object.entries(files))
    fs.writeFileSync(join(folder, file), text, { mode: 0o600 });
  return folder;
}

const utf8 = { LANG: "C.UTF-8" };

interface Report {
  readonly schemaVersion: number;
  readonly overallStatus: string;
  readonly checks: Readonly<Record<string, Check>>;
}

async function report(
  environment: Record<string, string>,
  ...args: readonly string[]
): Promise<{ code: number | null; checks: Report["checks"]; overallStatus: string; text: string }> {
  const { code, stdout, stderr } = await runCodex({
    args: ["doctor", "--json", ...args],
    environment: { ...utf8, ...environment },
    cwd: root,
  });
  assert.equal(stderr, "");
  const { checks, overallStatus } = JSON.parse(stdout) as Report;
  return { code, checks, overallStatus, text: stdout };
}

const ids = [
  "installation",
  "installation.path",
  "runtime.node",
  "state.paths",
  "config.load",
  "auth.credentials",
  "proxy.endpoint",
  "sandbox.helpers",
  "terminal.env",
  "git.environment",
];

describe("codex doctor", () => {
  test("exits 0 when nothing has failed, whatever it warns about", async () => {
    const folder = home("well", { "auth.json": JSON.stringify({ OPENAI_API_KEY: apiKey }) });
    const { code, checks, overallStatus, text } = await report({ CODEX_HOME: folder });
    const failed = Object.values(checks).filter(({ status }) => status === "fail");
    assert.deepEqual(
      [Object.keys(checks), checks.installation?.status, checks["auth.credentials"]?.status],
      [ids, "ok", "ok"],
    );
    // A machine without Landlock has its reason to fail.
    assert.deepEqual(
      failed.map(({ id }) => id).filter((id) => id !== "sandbox.helpers"),
      [],
    );
    assert.deepEqual([code, overallStatus === "fail"], failed.length > 0 ? [1, true] : [0, false]);
    assert.ok(!text.includes(apiKey.slice(3, 12)));
  });

  test("exits 1 and makes every other check with a config.toml that is not TOML", async () => {
    const folder = home("broken", {
      "config.toml": 'model = "o3\n',
      "auth.json": JSON.stringify({ OPENAI_API_KEY: apiKey }),
    });
    const { code, checks } = await report({ CODEX_HOME: folder });
    assert.deepEqual([code, Object.keys(checks)], [1, ids]);
    assert.match(checks["config.load"]?.summary ?? "", /^TOML parse error at line 1, column \d+\n/);
    assert.equal(checks["config.load"]?.remediation, `\${EDITOR:-vi} ${folder}/config.toml`);
    assert.equal(checks["auth.credentials"]?.summary, "logged in with an API key");
    assert.equal(fs.readFileSync(join(folder, "config.toml"), "utf8"), 'model = "o3\n');
  });

  test("leads to the file that is at fault, and to none where an argument is", async () => {
    const folder = home("faults", { "config.toml": 'profile = "q"\n', "q.config.toml": "model = 3\n" });
    const fixOf = async (...args: readonly string[]) =>
      (await report({ CODEX_HOME: folder }, ...args)).checks["config.load"]?.remediation ?? null;
    const ofWrong = await fixOf();
    fs.writeFileSync(join(folder, "q.config.toml"), "modle = 3\n");
    const ofUnknown = await fixOf();
    fs.writeFileSync(join(folder, "q.config.toml"), "");
    const ofArguments = [await fixOf("-c", "model=3"), await fixOf("-c", "modle=3")];
    fs.rmSync(join(folder, "config.toml"));
    fs.mkdirSync(join(folder, "config.toml"));
    const ofFolder = await fixOf();
    const editor = `\${EDITOR:-vi} ${folder}/q.config.toml`;
    assert.deepEqual(
      { ofWrong, ofUnknown, ofArguments, ofFolder },
      {
        ofWrong: editor,
        ofUnknown: editor,
        ofArguments: [null, null],
        ofFolder: `mv ${folder}/config.toml ${folder}/config.toml.old`,
      },
    );
  });

  test("says what to do about files that this user may not read", { skip: skipWithoutOtherUser }, () => {
    const folder = home("partly-of-root", { "config.toml": "", "auth.json": "{}" });
    fs.chownSync(folder, 60001, 60001);
    fs.chownSync(join(folder, "auth.json"), 60001, 60001);
    fs.chmodSync(join(folder, "auth.json"), 0);
    const codex = join(root, "codex-of-files");
    fs.symlinkSync(launcher, codex);
    const [command, ...args] = [...asOtherUser, codex, "doctor", "--json"];
    const { stdout } = spawnSync(command as string, args, {
      cwd: root,
      encoding: "utf8",
      env: { PATH: process.env.PATH, CODEX_HOME: folder, ...utf8 },
    });
    const { checks } = JSON.parse(stdout) as Report;
    assert.deepEqual(
      [checks["config.load"]?.remediation, checks["auth.credentials"]?.remediation],
      [`sudo chown "$(id -u)" ${folder}/config.toml`, `chmod u+r ${folder}/auth.json`],
    );
  });

  test("looks for nothing in the working directory where there is no home", {
    skip: skipWithoutOtherUser,
  }, () => {
    const place = home("cwd-of-the-homeless", { "auth.json": JSON.stringify({ OPENAI_API_KEY: apiKey }) });
    fs.chmodSync(place, 0o755);
    fs.chmodSync(join(place, "auth.json"), 0o644);
    const script = `unset HOME; exec ${asOtherUser.join(" ")} bash -c 'exec -a codex "$0" doctor --json' "$0"`;
    const { stdout } = spawnSync("bash", ["-c", script, launcher], {
      cwd: place,
      encoding: "utf8",
      env: { PATH: process.env.PATH, ...utf8 },
    });
    const { checks } = JSON.parse(stdout) as Report;
    const { "state.paths": state, "config.load": config, "auth.credentials": auth } = checks;
    assert.deepEqual(
      [state?.status, config?.summary, auth?.summary],
      ["fail", "Could not find home directory", "there is no folder for a login"],
    );
  });

  test("says that the sandbox cannot be tried where TMPDIR does not exist, and how to go on", async () => {
    const folder = home("no-tmpdir");
    const { checks } = await report({ CODEX_HOME: folder, TMPDIR: "/nonexistent" });
    assert.deepEqual(
      [checks["sandbox.helpers"]?.status, checks["sandbox.helpers"]?.remediation],
      ["fail", "unset TMPDIR"],
    );
    const before = fs.readdirSync(root);
    await report({ CODEX_HOME: folder, TMPDIR: "" });
    assert.deepEqual(fs.readdirSync(root), before);
  });

  test("warns about unknown keys and older spellings, each once", async () => {
    const folder = home("odd", {
      "config.toml": "modle = 1\nexperimental_use_rmcp_client = true\n[features]\nnosuch = true\n",
    });
    const { checks } = await report({ CODEX_HOME: folder });
    const { status, summary } = checks["config.load"] as Check;
    assert.equal(status, "warning");
    const lines = summary.split("\n");
    assert.deepEqual(
      [
        /unknown key `modle`/,
        /`experimental_use_rmcp_client` is deprecated\./,
        /unknown feature `nosuch`/,
      ].map((pattern) => lines.filter((line) => pattern.test(line)).length),
      [1, 1, 1],
    );
  });

  test("works with a CODEX_HOME that does not exist and creates nothing", async () => {
    const folder = join(root, "missing");
    const { code, checks } = await report({ CODEX_HOME: folder });
    assert.deepEqual(
      [code, Object.keys(checks), checks["state.paths"]?.remediation, fs.existsSync(folder)],
      [1, ids, `mkdir -m 700 -p ${folder}`, false],
    );
  });

  test("works without CODEX_HOME in a home that does not exist", async () => {
    const { checks } = await report({ HOME: join(root, "nowhere") });
    assert.deepEqual(
      [Object.keys(checks), checks["state.paths"]?.status, checks["config.load"]?.status],
      [ids, "ok", "ok"],
    );
  });

  test("works as another user whose state folder is not his", { skip: skipWithoutOtherUser }, () => {
    const folder = home("of-root", { "config.toml": "", "auth.json": "{}" });
    const codex = join(root, "codex");
    fs.symlinkSync(launcher, codex);
    const [command, ...args] = [...asOtherUser, codex, "doctor", "--json"];
    const { status, stdout, stderr } = spawnSync(command as string, args, {
      cwd: root,
      encoding: "utf8",
      env: { PATH: process.env.PATH, CODEX_HOME: folder, ...utf8 },
    });
    assert.equal(stderr, `warning: cannot read ${folder}/.env: permission denied\n`);
    const { checks } = JSON.parse(stdout) as Report;
    assert.deepEqual(
      [status, Object.keys(checks), checks["state.paths"]?.status, checks["config.load"]?.status],
      [1, ids, "fail", "fail"],
    );
  });

  test("says that the proxy is there, and how to start it when it is gone", async () => {
    const folder = home("proxied");
    const server = net.createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as net.AddressInfo;
    const proxy = `http://127.0.0.1:${port}`;
    const there = await report({ CODEX_HOME: folder }, "--proxy", proxy);
    await new Promise((resolve) => server.close(resolve));
    const gone = await report({ CODEX_HOME: folder, CODEX_PROXY: proxy });
    assert.deepEqual(
      [there, gone].map(({ checks }) => [
        checks["proxy.endpoint"]?.status,
        checks["proxy.endpoint"]?.summary,
        checks["auth.credentials"]?.status,
      ]),
      [
        ["ok", `takes connections at 127.0.0.1:${port}`, "ok"],
        ["fail", `no proxy listens on 127.0.0.1:${port}`, "ok"],
      ],
    );
    assert.equal(gone.code, 1);
    assert.match(gone.checks["proxy.endpoint"]?.remediation ?? "", /codex-responses-api-proxy --port/);
  });

  test("prints a line a check for people, with the fix below it, without colours in a pipe", async () => {
    const folder = home("people");
    const environment = { CODEX_HOME: folder, ...utf8 };
    const { code, stdout } = await runCodex({ args: ["doctor"], environment, cwd: root });
    assert.equal(code, 1);
    assert.match(stdout, /^fail {2}auth {6}not logged in\n +fix: codex login$/m);
    assert.match(stdout, /\n\d ok, \d warn, \d fail\n$/);
    assert.ok(!stdout.includes("\u001b"));
    const summary = await runCodex({ args: ["doctor", "--summary"], environment, cwd: root });
    assert.ok(!summary.stdout.includes("fix:"));
    const all = await runCodex({ args: ["doctor", "--all"], environment, cwd: root });
    assert.match(all.stdout, /^ +auth\.json: .*auth\.json \(missing\)$/m);
  });
});
