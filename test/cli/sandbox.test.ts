// `codex sandbox` as a whole: what a command may do in it, what it sees, and how its end is told.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { waitFor } from "../wait-for.ts";
import { launcher, makeFolder, runCodex } from "./codex-process.ts";

let root: string;
let place: { readonly home: string; readonly work: string; readonly tmp: string; readonly outside: string };
beforeEach(() => {
  root = fs.realpathSync(makeFolder());
  const at = (name: string) => join(root, name);
  place = { home: at("home"), work: at("work"), tmp: at("tmp"), outside: at("outside") };
  for (const folder of Object.values(place)) fs.mkdirSync(folder);
});
afterEach(() => fs.rmSync(root, { recursive: true }));

const environment = (more: Readonly<Record<string, string | undefined>> = {}) => ({
  HOME: place.home,
  CODEX_HOME: place.home,
  TMPDIR: place.tmp,
  ...more,
});

function run(args: readonly string[], more: Readonly<Record<string, string | undefined>> = {}, input = "") {
  return runCodex({ args, cwd: place.work, input, environment: environment(more) });
}

/** Try to write a new file in each of the places, and say where it went well. */
async function writableIn(args: readonly string[], places: readonly string[]): Promise<string[]> {
  const name = `written-${process.pid}`;
  const paths = places.map((folder) => join(folder, name));
  const script = 'for path; do ( : >"$path" ) 2>/dev/null; done; true';
  try {
    const { code, stderr } = await run([...args, "--", "sh", "-c", script, "sh", ...paths]);
    assert.deepEqual([code, stderr], [0, ""]);
    return places.filter((folder) => fs.existsSync(join(folder, name)));
  } finally {
    for (const path of paths) fs.rmSync(path, { force: true });
  }
}

// /tmp holds the other folders, as a rule, so that it is not one of those that can be told apart.
const noTmp = ["-c", "sandbox_workspace_write.exclude_slash_tmp=true"];

test("a command may write nothing, and with --full-auto the working directory and TMPDIR", async () => {
  const { work, tmp, outside } = place;
  const everywhere = [work, tmp, outside];
  assert.deepEqual(await writableIn(["sandbox", "linux"], everywhere), []);
  assert.deepEqual(await writableIn(["debug", "landlock"], everywhere), []);
  assert.deepEqual(await writableIn(["sandbox", "linux", ...noTmp, "--full-auto"], everywhere), [work, tmp]);
});

test("with --full-auto /tmp is writable unless the configuration leaves it out", async () => {
  assert.deepEqual(await writableIn(["sandbox", "linux", "--full-auto"], ["/tmp"]), ["/tmp"]);
  assert.deepEqual(await writableIn(["sandbox", "linux", ...noTmp, "--full-auto"], ["/tmp"]), []);
});

test("linux ignores sandbox_mode, and honours the rest of the workspace's settings", async () => {
  const { work, tmp, outside } = place;
  const everywhere = [work, tmp, outside];
  for (const mode of ["danger-full-access", "workspace-write"]) {
    const args = ["-c", `sandbox_mode=${mode}`, "sandbox", "linux", "-c", `sandbox_mode=${mode}`];
    assert.deepEqual(await writableIn(args, everywhere), []);
  }
  fs.writeFileSync(
    join(place.home, "config.toml"),
    `sandbox_mode = "read-only"
[sandbox_workspace_write]
writable_roots = [${JSON.stringify(outside)}]
exclude_tmpdir_env_var = true
exclude_slash_tmp = true
`,
  );
  assert.deepEqual(await writableIn(["sandbox", "linux", "--full-auto"], everywhere), [work, outside]);
});

test("without a system sandbox_mode of the configuration decides, and trust in the project does not", async () => {
  const { work, outside } = place;
  const trust = `[projects.${JSON.stringify(work)}]\ntrust_level = "trusted"\n`;
  const profile = '[profiles.free]\nsandbox_mode = "danger-full-access"\n';
  fs.writeFileSync(join(place.home, "config.toml"), trust + profile);
  const writable = (...args: string[]) => writableIn(["sandbox", ...noTmp, ...args], [work, outside]);
  assert.deepEqual(await writable(), []);
  assert.deepEqual(await writable("-c", "sandbox_mode=workspace-write"), [work]);
  assert.deepEqual(await writable("--full-auto"), [work]);
  assert.deepEqual(await writable("-p", "free"), [work, outside]);
  assert.deepEqual(await writable("-p", "free", "--full-auto"), [work]);
});

test("a command cannot change the configuration by which the next one runs, wherever CODEX_HOME lies", async () => {
  const home = join(place.work, "settings");
  fs.mkdirSync(home);
  const script = `echo 'sandbox_mode = "danger-full-access"' >settings/config.toml; mv settings moved; echo $?`;
  const { stdout } = await run(["sandbox", "linux", "--full-auto", "--", "sh", "-c", script], {
    CODEX_HOME: home,
  });
  assert.deepEqual([stdout, fs.existsSync(join(home, "config.toml"))], ["1\n", false]);
});

test("a home that is not made yet is made, not held by an empty folder, where the command might make it", async () => {
  const { home, work } = place;
  const more = { CODEX_HOME: undefined, HOME: home };
  const script = "stat -c %a .codex; touch .codex/x 2>/dev/null || echo kept";
  const inHome = await runCodex({
    args: ["sandbox", "linux", "--full-auto", "--", "sh", "-c", script],
    cwd: home,
    environment: environment(more),
  });
  assert.deepEqual([inHome.stdout, inHome.code], ["700\nkept\n", 0]);
  fs.rmSync(join(home, ".codex"), { recursive: true });
  await run(["sandbox", "linux", ...noTmp, "--full-auto", "--", "true"], more);
  assert.deepEqual([fs.readdirSync(home), fs.readdirSync(work)], [[], []]);
});

test("a configured root behind a link in a writable folder is left out", async () => {
  fs.symlinkSync(place.outside, join(place.work, "link"));
  const roots = ["-c", 'sandbox_workspace_write.writable_roots=["link"]'];
  const args = ["sandbox", "linux", ...noTmp, ...roots, "--full-auto"];
  assert.deepEqual(await writableIn(args, [place.work, place.outside]), [place.work]);
});

test("options of the program in front of sandbox that widen what is allowed do nothing", async () => {
  const { work, outside } = place;
  for (const args of [["--full-auto"], ["-s", "danger-full-access"], ["--add-dir", outside], ["--yolo"]]) {
    assert.deepEqual(await writableIn([...args, "sandbox", "linux"], [work, outside]), []);
  }
});

test("a command runs in the working directory, or in the folder of -C, which is then the workspace", async () => {
  assert.equal((await run(["sandbox", "linux", "pwd"])).stdout, `${place.work}\n`);
  assert.equal((await run(["sandbox", "-C", "../outside", "--", "pwd"])).stdout, `${place.outside}\n`);
  const args = ["sandbox", "linux", ...noTmp, "--full-auto", "-C", place.outside];
  assert.deepEqual(await writableIn(args, [place.work, place.outside]), [place.outside]);
  const missing = await run(["sandbox", "-C", "missing", "--", "pwd"]);
  assert.deepEqual([missing.code, missing.stdout], [1, ""]);
  assert.match(missing.stderr, /^Error: .*missing/);
});

test("a connection is refused unless the configuration gives the network, and the command can know it", async (t) => {
  const server = net.createServer((socket) => socket.end("reached")).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  const script = `
    const told = process.env.CODEX_SANDBOX_NETWORK_DISABLED ?? "";
    require("node:net").connect(${port}, "127.0.0.1")
      .on("data", (text) => console.log(String(text) + told))
      .on("error", (error) => console.log(error.code + told));`;
  // Node writes to a pipe; the socket that it has here is one that it may not ask what it is.
  const piped = `${process.execPath} -e "$1" | cat`;
  const connect = async (...args: string[]) =>
    (await run(["sandbox", "linux", "--full-auto", ...args, "--", "sh", "-c", piped, "sh", script])).stdout;
  assert.equal(await connect(), "EPERM1\n");
  assert.equal(await connect("-c", "sandbox_workspace_write.network_access=true"), "reached\n");
});

test("input, output and errors are the command's own", async () => {
  const script = "cat; echo out; echo err >&2";
  const { code, stdout, stderr } = await run(["sandbox", "linux", "--", "sh", "-c", script], {}, "in\n");
  assert.deepEqual([code, stdout, stderr], [0, "in\nout\n", "err\n"]);
});

test("everything behind the command belongs to it, with and without two dashes", async () => {
  const expected = "--full-auto\n-c\n--\nx y\n";
  for (const dashes of [[], ["--"]]) {
    const args = ["sandbox", "linux", ...dashes, "printf", "%s\\n", "--full-auto", "-c", "--", "x y"];
    assert.deepEqual(await run(args), { code: 0, signal: null, stdout: expected, stderr: "" });
  }
  // A command may have the name of a subcommand.
  assert.equal((await run(["sandbox", "--", "linux"])).code, 101);
});

test("the exit status is the command's, and 128 more than the signal that killed it", async () => {
  const status = async (script: string) => (await run(["sandbox", "linux", "--", "sh", "-c", script])).code;
  assert.deepEqual(
    [
      await status("exit 0"),
      await status("exit 7"),
      await status("kill -TERM $$"),
      await status("kill -KILL $$"),
    ],
    [0, 7, 143, 137],
  );
});

test("a command that cannot be started says so with the status of the original", async () => {
  for (const [command, reason] of [
    ["no-such-command", "No such file or directory (os error 2)"],
    [place.work, "Permission denied (os error 13)"],
  ] as const) {
    const { code, stdout, stderr } = await run(["sandbox", "linux", "--", command]);
    assert.deepEqual([code, stdout], [101, ""]);
    assert.ok(stderr.includes(`Failed to execvp ${command}: ${reason}`), stderr);
    assert.ok(!stderr.includes("    at "), stderr);
  }
});

test("no command is a usage error, and the sandbox of another system an error", async () => {
  for (const args of [["sandbox"], ["sandbox", "linux"], ["sandbox", "linux", "--"]]) {
    const { code, stderr } = await run(args);
    assert.deepEqual([code, stderr.split("\n")[0]], [2, "Error: a command to run is wanted"]);
  }
  for (const name of ["macos", "seatbelt"]) {
    const { code, stderr } = await run(["sandbox", name, "--", "true"]);
    assert.deepEqual(
      [code, stderr.split("\n")[0]],
      [1, "Error: Seatbelt sandbox is only available on macOS"],
    );
  }
});

test("a configuration that cannot be read runs nothing", async () => {
  fs.writeFileSync(join(place.home, "config.toml"), "model =");
  const { code, stdout, stderr } = await run(["sandbox", "linux", "--", "echo", "ran"]);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /^Error: /);
});

test("the environment is the user's by the policy, what the launcher keeps from Node included", async () => {
  const env = async (more: Readonly<Record<string, string>>, ...args: string[]) => {
    const { stdout } = await run(["sandbox", "linux", ...args, "--", "/usr/bin/env"], more);
    return Object.fromEntries(
      stdout.split("\n").flatMap((line) => (line === "" ? [] : [line.split("=", 2)])),
    );
  };
  const set = {
    LD_LIBRARY_PATH: "/opt/lib",
    NODE_OPTIONS: "--no-warnings",
    MY_TOKEN: "a",
    A_key: "b",
    HOME: "/h",
  };
  const { PATH, ...all } = await env(set);
  assert.deepEqual(all, {
    LD_LIBRARY_PATH: "/opt/lib",
    NODE_OPTIONS: "--no-warnings",
    HOME: "/h",
    CODEX_HOME: place.home,
    TMPDIR: place.tmp,
    CODEX_SANDBOX_NETWORK_DISABLED: "1",
  });
  assert.ok((PATH as string).startsWith(join(place.home, "tmp/tools/codex-tools-")));
  assert.ok((PATH as string).endsWith(":/usr/local/bin:/usr/bin:/bin"));
  const only = 'shell_environment_policy.include_only=["ld_*", "ho?e"]';
  assert.deepEqual(await env(set, "-c", only), {
    LD_LIBRARY_PATH: "/opt/lib",
    HOME: "/h",
    CODEX_SANDBOX_NETWORK_DISABLED: "1",
  });
  assert.deepEqual(await env(set, "-c", 'shell_environment_policy={inherit="none", set={PATH="/bin"}}'), {
    PATH: "/bin",
    CODEX_SANDBOX_NETWORK_DISABLED: "1",
  });
});

test("apply_patch is in the PATH of the command for as long as it runs", async () => {
  const { stdout } = await run([
    "sandbox",
    "linux",
    "--",
    "sh",
    "-c",
    "readlink $(command -v apply_patch) $(command -v applypatch)",
  ]);
  assert.equal(stdout, `${launcher}\n${launcher}\n`);
  assert.deepEqual(fs.readdirSync(join(place.home, "tmp/tools")), []);
});

test("the folder of the links cannot be changed by the command, even where it may write to the home", async () => {
  // So that no later command finds another apply_patch there.
  const args = ["sandbox", "linux", "--full-auto", "-C", place.home, "--"];
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's
  const script = 'cd "${PATH%%:*}" && rm -f apply_patch; ln -s /bin/true applypatch2; ls';
  const { stdout } = await run([...args, "sh", "-c", script]);
  assert.equal(stdout, "apply_patch\napplypatch\ncodex-linux-sandbox\n");
});

test("signals to codex reach the command, and its end is told as its own", async () => {
  const script = 'trap "echo got \\$0; exit 9" SIG; echo ready; while :; do sleep 0.05; done';
  for (const signal of ["SIGTERM", "SIGHUP", "SIGINT", "SIGUSR1"] as const) {
    const handled = script.replace("SIG", signal.slice(3));
    const child = spawn(launcher, ["sandbox", "linux", "--", "sh", "-c", handled], {
      argv0: "codex",
      cwd: place.work,
      env: { PATH: process.env.PATH, ...environment() },
      stdio: ["ignore", "pipe", "inherit"],
      detached: true, // not in the foreground of a terminal, where the signal would have come to both
    });
    const lines: string[] = [];
    child.stdout.setEncoding("utf8").on("data", (text: string) => lines.push(text));
    await waitFor(() => lines.join("").includes("ready"), "the command");
    child.kill(signal);
    const [code] = await once(child, "close");
    assert.deepEqual([code, lines.join("")], [9, "ready\ngot sh\n"], signal);
  }
  assert.deepEqual(fs.readdirSync(join(place.home, "tmp/tools")), []);
});

test("--log-denials lists what the command said was refused, and changes nothing else", async () => {
  const script = "touch new; echo fine >&2; touch new; exit 3";
  const { code, stdout, stderr } = await run(["sandbox", "linux", "--log-denials", "--", "sh", "-c", script]);
  assert.deepEqual([code, stdout], [3, ""]);
  const [said, listed] = stderr.split("\n=== Sandbox denials ===\n") as [string, string];
  assert.match(said, /^touch: .*'new'.*\nfine\ntouch: .*'new'.*\n$/);
  assert.equal(listed, `${said.split("\n")[0]}\n`);
  const nothing = await run(["sandbox", "linux", "--log-denials", "--", "true"]);
  assert.deepEqual([nothing.code, nothing.stderr], [0, "\n=== Sandbox denials ===\nNone found.\n"]);
});
