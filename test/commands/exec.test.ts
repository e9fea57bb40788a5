// `exec`: a client without keys, that ends as it would by itself, and a bridge that only its own user
// crosses.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { asOtherUser, launcher, type RunResult, runProxy, skipWithoutOtherUser } from "../proxy-process.ts";
import { waitFor } from "../wait-for.ts";
import { writeServerInfoOf } from "./fake-proxy.ts";

let folder: string;
let file: string;
let unixFile: string;
let baseUrl: string;
const servers: http.Server[] = [];

before(async () => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-exec-"));
  fs.chmodSync(folder, 0o755);
  file = join(folder, "info.json");
  unixFile = join(folder, "unix.json");
  const socket = join(folder, "socket");
  for (const address of [{ port: 0, host: "127.0.0.1" }, { path: socket }]) {
    const server = http.createServer(answer).listen(address);
    await once(server, "listening");
    servers.push(server);
  }
  fs.chmodSync(socket, 0o666);
  const { port } = (servers[0] as http.Server).address() as AddressInfo;
  baseUrl = `http://127.0.0.1:${port}/v1`;
  writeServerInfoOf(file, { port });
  writeServerInfoOf(unixFile, { socket });
});
after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  fs.rmSync(folder, { recursive: true });
});

// Says who asked; /events sends one and waits until the client answers to it on another request.
let onSecond = () => {};
function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  if (request.url === "/v1/second") onSecond();
  if (request.url === "/v1/events") {
    response.write("first\n");
    onSecond = () => response.end("last\n");
  } else if (request.url === "/v1/breaks") {
    response.writeHead(200, { "content-length": "100" });
    response.write("half");
    setTimeout(() => response.destroy(), 50);
  } else {
    request.pipe(response);
  }
}

const exec = (info: string, command: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<RunResult> =>
  runProxy({
    args: ["exec", "--server-info", info, ...command],
    env: { PATH: process.env.PATH, ...env },
    input: "",
  });
const withoutWarnings = (stderr: string) =>
  stderr.replaceAll(/^codex: warning: the key is not safe.*\n/gm, "");

test("the command has no variable that looks like a key, their names are told, the rest is as it was", async () => {
  const env = {
    OPENAI_API_KEY: "sk-real",
    GITHUB_TOKEN: "gh-real",
    DATABASE: "postgres://u:real@db/x",
    NODE_OPTIONS: "--no-warnings",
    LD_LIBRARY_PATH: "/nowhere",
    HARMLESS: "yes",
  };
  const { code, stdout, stderr } = await exec(file, ["--", "env"], env);
  assert.equal(code, 0);
  assert.equal(
    withoutWarnings(stderr),
    "codex: removed from its environment: DATABASE, GITHUB_TOKEN, OPENAI_API_KEY\n",
  );
  const seen = Object.fromEntries(
    stdout
      .trim()
      .split("\n")
      .map((line) => line.split(/=(.*)/s)),
  );
  assert.deepEqual(
    { ...seen },
    {
      ...{
        PATH: process.env.PATH,
        NODE_OPTIONS: "--no-warnings",
        LD_LIBRARY_PATH: "/nowhere",
        HARMLESS: "yes",
      },
      ...{ OPENAI_BASE_URL: baseUrl, OPENAI_API_KEY: "replaced-by-the-proxy" },
    },
  );
});

test("no descriptor of the caller reaches the command, however high its number is", async () => {
  const command = ["sh", "-c", "cat <&3; cat /dev/fd/99; ls /proc/$$/fd | head -n 3"];
  const opened = [3, 20, 99].map((fd) => `exec ${fd}<"$0"`).join(";");
  const run = (...through: string[]) =>
    runProxy({
      command: "bash",
      args: ["-c", `${opened}; exec "$@"`, join(folder, "key.txt"), ...through, ...command],
      env: { PATH: process.env.PATH },
      input: "",
    });
  fs.writeFileSync(join(folder, "key.txt"), "sk-real\n");
  assert.match((await run()).stdout, /^sk-real\nsk-real\n/, "the control: without exec they reach it");
  const { stdout } = await run(launcher, "exec", "--server-info", file, "--");
  assert.doesNotMatch(stdout, /sk-real/);
});

test("--keep keeps one; --token-env keeps the client token and gives it to SDKs as their key", async () => {
  const env = { GITHUB_TOKEN: "wanted", MY_TOKEN: "client-token" };
  const options = ["--keep", "GITHUB_TOKEN", "--token-env", "MY_TOKEN"];
  const { stdout, stderr } = await exec(file, [...options, "env"], env);
  assert.equal(withoutWarnings(stderr), "");
  assert.match(stdout, /^GITHUB_TOKEN=wanted$/m);
  assert.match(stdout, /^MY_TOKEN=client-token$/m);
  assert.match(stdout, /^OPENAI_API_KEY=client-token$/m);
});

test("a command called codex gets the arguments of env before its own, by name only of the token", async () => {
  const codex = join(folder, "codex");
  fs.writeFileSync(codex, '#!/bin/sh\nprintf "%s\\n" "$@"\n', { mode: 0o755 });
  const { stdout } = await exec(file, ["--token-env", "MY_TOKEN", codex, "exec", "-c", "a b"], {
    MY_TOKEN: "secret",
  });
  assert.equal(
    stdout,
    `-c\nmodel_providers.responses-api-proxy={name="responses-api-proxy",base_url="${baseUrl}",wire_api="responses",supports_websockets=false,env_key="MY_TOKEN"}\n` +
      '-c\nmodel_provider="responses-api-proxy"\nexec\n-c\na b\n',
  );
});

test("requests to this machine do not go to the forward proxy of the environment", async () => {
  const env = { http_proxy: "http://proxy.example:3128", NO_PROXY: "internal" };
  const { stdout } = await exec(file, ["env"], env);
  assert.match(stdout, /^NO_PROXY=internal,127\.0\.0\.1$/m);
  assert.match(stdout, /^no_proxy=127\.0\.0\.1$/m);
});

test("its exit code, the signal by which it ended, and not having been found are passed on", async () => {
  const end = async (...command: string[]) => {
    const { code, signal } = await exec(file, ["--", ...command]);
    return [code, signal];
  };
  assert.deepEqual(await end("sh", "-c", "exit 7"), [7, null]);
  assert.deepEqual(await end("sh", "-c", "kill -KILL $$"), [null, "SIGKILL"]);
  assert.deepEqual(await end("sh", "-c", "kill -TERM $$"), [null, "SIGTERM"]);
  assert.deepEqual(await end("no-such-program-anywhere"), [127, null]);
  assert.deepEqual(await end(""), [127, null]);
  assert.deepEqual(await end("/etc/passwd"), [126, null]);
});

test("signals are passed to it, and stdin and stdout are its own", async () => {
  const script = 'trap "echo told; exit 3" TERM INT HUP; echo ready; while :; do sleep 0.05; done';
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    const child = spawn(launcher, ["exec", "--server-info", file, "sh", "-c", script]);
    const output = collected(child);
    await waitFor(() => output.stdout === "ready\n", "the command to run", 10_000);
    child.kill(signal);
    const [code] = await once(child, "close");
    assert.deepEqual([code, output.stdout], [3, "ready\ntold\n"]);
  }
  const cat = await runProxy({ args: ["exec", "--server-info", file, "cat"], input: "in and out" });
  assert.equal(cat.stdout, "in and out");
});

function collected(child: ChildProcess): { stdout: string } {
  const output = { stdout: "" };
  child.stdout?.on("data", (chunk) => {
    output.stdout += chunk;
  });
  return output;
}

test("of a proxy that does not run nothing is run", async () => {
  const mark = join(folder, "ran");
  const { code, stderr } = await exec(join(folder, "none.json"), ["touch", mark]);
  assert.deepEqual([code, fs.existsSync(mark)], [3, false]);
  assert.match(stderr, /^codex: error: not running: /);
});

test("what the caller could take the key by is told: root, the proxy's own user, the file's folder", {
  skip: skipWithoutOtherUser,
}, async () => {
  const { stderr } = await exec(file, ["true"]);
  assert.match(stderr, /warning: .*runs as root/);
  const run = async (info: string) =>
    (await runProxy({ through: [...asOtherUser], args: ["exec", "--server-info", info, "true"] })).stderr;
  assert.equal(await run(file), "", "no way is open to this user");

  const open = join(folder, "open");
  fs.mkdirSync(open);
  fs.chmodSync(open, 0o777);
  fs.copyFileSync(file, join(open, "info.json"));
  assert.match(
    await run(join(open, "info.json")),
    /^codex: warning: .* can replace server info: .*open is writable\n$/,
  );

  const [command = "", ...args] = [...asOtherUser, "sleep", "60"];
  const own = spawn(command, args, { stdio: "ignore" });
  await waitFor(
    () => /^Uid:\s60001/m.test(fs.readFileSync(`/proc/${own.pid}/status`, "utf8")),
    "the other user",
  );
  const info = JSON.parse(fs.readFileSync(file, "utf8"));
  const stat = fs.readFileSync(`/proc/${own.pid}/stat`, "utf8");
  const start_ticks = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  fs.writeFileSync(join(folder, "own.json"), JSON.stringify({ ...info, pid: own.pid, start_ticks }));
  assert.match(
    await run(join(folder, "own.json")),
    /^codex: warning: .*serves as this very user, who can end it/,
  );
  own.kill("SIGKILL");
});

test("what is removed cannot be had from the process that removed it; another that has it is named", {
  skip: skipWithoutOtherUser,
}, async () => {
  const secret = "a-value-that-is-nowhere-else";
  const env = { PATH: process.env.PATH, X_TOKEN: secret };
  const look = 'tr "\\0" "\\n" < /proc/$PPID/environ | grep X_TOKEN';
  const run = async (...command: string[]) =>
    runProxy({ command: asOtherUser[0], args: [...asOtherUser.slice(1), ...command], env, input: "" });
  const control = await run("sh", "-c", `sh -c '${look}'; true`);
  assert.equal(control.stdout, `X_TOKEN=${secret}\n`, "the control: of a shell it can be had");
  const alone = await run(launcher, "exec", "--server-info", file, "sh", "-c", look);
  assert.deepEqual([alone.code, alone.stdout], [1, ""]);
  assert.doesNotMatch(alone.stderr, /all the same/);
  const call = `${launcher} exec --server-info ${file} sh -c '${look}'; true`;
  const { stderr, stdout } = await run("sh", "-c", call);
  assert.equal(stdout, "");
  assert.match(
    stderr,
    /^codex: warning: it can read them all the same, in the environment of process \d+ \(sh\)$/m,
  );
  assert.ok(!stderr.includes(secret));
});

test("ways to become root are told: sudo, groups, capabilities", {
  skip: skipWithoutOtherUser,
}, async () => {
  const bin = join(folder, "bin");
  fs.mkdirSync(bin);
  fs.writeFileSync(join(bin, "sudo"), '#!/bin/sh\ntest "$1" = -n\n', { mode: 0o755 });
  const gid = /^sudo:[^:]*:(\d+):/m.exec(fs.readFileSync("/etc/group", "utf8"))?.[1] as string;
  const user = ["setpriv", "--reuid=60001", "--regid=60001"];
  const run = async (through: readonly string[], env: NodeJS.ProcessEnv = process.env) =>
    (await runProxy({ through, env, args: ["exec", "--server-info", file, "true"] })).stderr;
  const path = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  assert.match(await run(asOtherUser, path), /^codex: warning: .* root by sudo, without a password\n$/);
  assert.match(await run([...user, `--groups=${gid}`]), /^codex: warning: .* members of the group sudo can /);
  const capable = [...user, "--clear-groups", "--inh-caps=+net_raw", "--ambient-caps=+net_raw"];
  assert.match(await run(capable), /^codex: warning: .* has capabilities \(0*2000\)\n$/);
});

// A client of the bridge, which writes what it gets, and as what error it ends.
const client = `
  const base = process.env.OPENAI_BASE_URL;
  const [path, body] = process.argv.slice(1);
  try {
    const response = await fetch(base + path, { method: body ? "POST" : "GET", body });
    for await (const chunk of response.body) {
      process.stdout.write(chunk);
      if (Buffer.from(chunk).toString() === "first\\n") await fetch(base + "/second");
    }
  } catch (error) { console.log("broke", error.cause?.code ?? error.name); }`;
const node = (...args: string[]) => [process.execPath, "--input-type=module", "-e", client, "--", ...args];

test("to a unix socket there is a bridge, both ways and event by event", async () => {
  const body = "x".repeat(300_000);
  // As an argument one may have 128 KiB: it is made by the client.
  const echoed = await exec(unixFile, [
    process.execPath,
    "-e",
    `
    fetch(process.env.OPENAI_BASE_URL + "/echo", { method: "POST", body: "x".repeat(${body.length}) })
      .then((response) => response.text()).then((text) => console.log(text.length))`,
  ]);
  assert.equal(echoed.stdout, `${body.length}\n`, echoed.stderr);
  // The second event is sent only when the client has told that it has seen the first.
  const streamed = await exec(unixFile, node("/events"));
  assert.equal(streamed.stdout, "first\nlast\n", streamed.stderr);
});

test("an answer that is cut off on the socket does not look whole on the bridge", async () => {
  const { stdout } = await exec(unixFile, node("/breaks"));
  assert.match(stdout, /^(half)?broke /);
});

test("the bridge lets only its own user through, and is gone with the command", {
  skip: skipWithoutOtherUser,
}, async () => {
  const port = join(folder, "port");
  const child = spawn(launcher, [
    ...["exec", "--server-info", unixFile],
    ...["sh", "-c", `echo $OPENAI_BASE_URL > ${port}.new; mv ${port}.new ${port}; cat`],
  ]);
  await waitFor(() => fs.existsSync(port), "the bridge", 10_000);
  const url = fs.readFileSync(port, "utf8").trim();
  const asks = ["curl", "-s", "-m", "5", "-d", "hello", `${url}/echo`];
  const own = await runProxy({ command: asks[0] as string, args: asks.slice(1) });
  assert.deepEqual([own.code, own.stdout], [0, "hello"], "the control: its own user is let through");
  const [command = "", ...args] = [...asOtherUser, ...asks];
  const other = await runProxy({ command, args });
  assert.notEqual(other.code, 0);
  assert.equal(other.stdout, "");
  // The same user reaches the socket itself: it is the bridge that refuses.
  const direct = await runProxy({
    command,
    args: [...args.slice(0, -1), "--unix-socket", join(folder, "socket"), "http://localhost/v1/echo"],
  });
  assert.equal(direct.stdout, "hello");
  child.stdin.end();
  await once(child, "close");
  await sleep(50);
  assert.equal((await runProxy({ command: asks[0] as string, args: asks.slice(1) })).code, 7);
});
