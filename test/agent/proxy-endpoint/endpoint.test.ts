// Which proxy a reference leads to, and what is refused: stale files, impostors, sockets of others.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { resolveProxy } from "../../../agent/proxy-endpoint/endpoint.ts";
import { parseProxyReference } from "../../../agent/proxy-endpoint/reference.ts";

const isRoot = process.geteuid?.() === 0;
const otherUser = 60_001;
const skipUnlessRoot = isRoot ? false : "needs root, to give files to another user";

let folder: string;
const open: net.Server[] = [];

before(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-endpoint-"));
  fs.chmodSync(folder, 0o755);
});
after(() => fs.rmSync(folder, { recursive: true, force: true }));
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

/** Something that takes connections; @returns its port, 0 for a path. */
async function listen(where: number | string = 0): Promise<number> {
  const server = net.createServer((socket) => socket.destroy());
  open.push(server);
  await new Promise<void>((resolve) =>
    typeof where === "string" ? server.listen(where, resolve) : server.listen(where, "127.0.0.1", resolve),
  );
  return typeof where === "string" ? 0 : (server.address() as AddressInfo).port;
}

/** What tells this process from all others, as a proxy writes it. */
function self(): Record<string, unknown> {
  const stat = fs.readFileSync("/proc/self/stat", "utf8");
  return {
    pid: process.pid,
    start_ticks: Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]),
    boot_id: fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
    pid_namespace: fs.readlinkSync("/proc/self/ns/pid"),
  };
}

let files = 0;

function serverInfo(members: object, mode = 0o644): string {
  const file = join(folder, `info-${files++}.json`);
  fs.writeFileSync(file, `${JSON.stringify(members)}\n`);
  fs.chmodSync(file, mode);
  return file;
}

/** Another user, who takes connections; a port of 0 is any. */
async function startImpostor(port: number, host: string) {
  const script = `require("net").createServer().listen(${port},"${host}",function(){console.log(this.address().port)})`;
  const [command, ...rest] = ["setpriv", `--reuid=${otherUser}`, "--clear-groups", process.execPath, "-e"];
  const child = spawn(command as string, [...rest, script], { cwd: "/" });
  const text = await new Promise((resolve) => child.stdout.once("data", resolve));
  const end = async () => {
    child.kill();
    await once(child, "exit");
  };
  return { port: Number(text), end };
}

async function failure(reference: string): Promise<{ code: string; message: string; hint: string }> {
  try {
    await resolveProxy(reference, {});
  } catch (error) {
    const { code, message, hint } = error as Error & { code: string; hint: string };
    return { code, message, hint };
  }
  throw new Error(`${reference} was taken`);
}

describe("a reference to a proxy", () => {
  test("is a URL with or without /v1, a socket, or else a server info file", () => {
    const url = { kind: "url", baseUrl: "http://127.0.0.1:8642/v1" };
    for (const text of ["", "/", "/v1", "/v1/", "/v1/responses"]) {
      assert.deepEqual(parseProxyReference(`http://127.0.0.1:8642${text}`), url);
    }
    assert.deepEqual(parseProxyReference("https://gw.test/team/v1"), {
      kind: "url",
      baseUrl: "https://gw.test/team/v1",
    });
    assert.deepEqual(parseProxyReference("unix:/run/p.sock"), { kind: "socket", socket: "/run/p.sock" });
    assert.deepEqual(parseProxyReference("unix:///run/p.sock"), { kind: "socket", socket: "/run/p.sock" });
    assert.deepEqual(parseProxyReference("unix:@name"), { kind: "socket", socket: "@name" });
    for (const file of ["./info.json", "127.0.0.1.json", "./127.0.0.1:8642"]) {
      assert.deepEqual(parseProxyReference(file), { kind: "server-info", file });
    }
  });

  test("that is a URL but for its http:// is refused with the whole of it", () => {
    for (const text of ["127.0.0.1:8642", "localhost:8642", "[::1]:8642", "127.0.0.1:8642/v1"]) {
      assert.throws(() => parseProxyReference(text), {
        code: "PROXY_REFERENCE",
        hint: `for a port give http://${text}`,
      });
    }
  });

  test("is refused in any other form, and a password in it is not repeated", () => {
    for (const text of [
      ...[
        "http://",
        "http://user:hunter2@127.0.0.1:1/v1",
        "http://127.0.0.1:1/v1?key=hunter2",
        "http://h/v2",
      ],
      ...["unix:", "unix:relative", "unix:@", "unix:/a\0b", "ftp://h/v1", "http://h:99999/"],
    ]) {
      assert.throws(
        () => parseProxyReference(text),
        (error: Error & { code: string }) =>
          error.code === "PROXY_REFERENCE" && !error.message.includes("hunter2"),
        text,
      );
    }
  });
});

describe("a proxy that runs", () => {
  test("is found by its server info: port, other loopback address, socket alone", async () => {
    const port = await listen();
    const socket = join(folder, "alone.sock");
    await listen(socket);
    assert.deepEqual((await resolveProxy(serverInfo({ ...self(), port }), {})).address, {
      baseUrl: `http://127.0.0.1:${port}/v1`,
      label: `127.0.0.1:${port}`,
    });
    assert.deepEqual((await resolveProxy(serverInfo({ ...self(), socket }), {})).address, {
      baseUrl: "http://localhost/v1",
      socketPath: socket,
      label: `unix:${socket}`,
    });
    const six = net.createServer().listen(0, "::1");
    open.push(six);
    await new Promise((resolve) => six.once("listening", resolve));
    const sixPort = (six.address() as AddressInfo).port;
    const { address } = await resolveProxy(serverInfo({ ...self(), port: sixPort, host: "[::1]" }), {});
    assert.equal(address.baseUrl, `http://[::1]:${sixPort}/v1`);
  });

  test("is found by a file that the original wrote, which has port and pid alone", async () => {
    const port = await listen();
    const { address } = await resolveProxy(serverInfo({ port, pid: process.pid }), {});
    assert.equal(address.label, `127.0.0.1:${port}`);
  });

  test("is found by URL and by socket path", async () => {
    const port = await listen();
    const path = join(folder, "p.sock");
    await listen(path);
    assert.equal((await resolveProxy(`http://127.0.0.1:${port}`, {})).address.label, `127.0.0.1:${port}`);
    assert.equal((await resolveProxy(`unix:${path}`, {})).address.socketPath, path);
  });

  test("is found by the very name of its abstract socket, or refused: no other name leads to it", async () => {
    const name = `codex-test-${process.pid}`;
    await listen(`\0${name}`); // where Node fills the name up, this is an impostor
    const names = fs.readFileSync("/proc/net/unix", "latin1");
    if (names.includes(`@${name}\n`)) {
      assert.equal((await resolveProxy(`unix:@${name}`, {})).address.socketPath, `\0${name}`);
      return;
    }
    assert.match(names, new RegExp(`@${name}@`));
    for (const reference of [`unix:@${name}`, serverInfo({ ...self(), socket: `@${name}` })]) {
      assert.equal((await failure(reference)).code, "PROXY_UNREACHABLE");
    }
  });

  test("gets the token of CODEX_PROXY_TOKEN, but not in clear text over a network", async () => {
    const port = await listen();
    const endpoint = await resolveProxy(`http://127.0.0.1:${port}`, { CODEX_PROXY_TOKEN: " cxp_abc\n" });
    assert.equal(endpoint.clientToken, "cxp_abc");
    for (const [reference, token] of [
      ["http://192.0.2.1/v1", "cxp_abc"],
      [`http://127.0.0.1:${port}`, "cxp_abc\r\nx: y"],
    ] as const) {
      await assert.rejects(
        resolveProxy(reference, { CODEX_PROXY_TOKEN: token }),
        (error: Error & { code: string }) => {
          assert.equal(error.code, "PROXY_TOKEN");
          assert.doesNotMatch(error.message, /cxp_abc/);
          return true;
        },
      );
    }
  });

  test("is looked for again at its new address after a restart", async () => {
    const [first, second] = [await listen(), await listen()];
    const file = serverInfo({ ...self(), port: first });
    const endpoint = await resolveProxy(file, {});
    fs.writeFileSync(file, JSON.stringify({ ...self(), port: second }));
    assert.throws(() => endpoint.requireSame(), { code: "PROXY_NOT_RUNNING" });
    assert.equal((await endpoint.lookAgain()).address.label, `127.0.0.1:${second}`);
  });
});

describe("a proxy that does not run", () => {
  test("is named with the command that starts it", async () => {
    const port = await listen();
    for (const server of open.splice(0)) await new Promise((resolve) => server.close(resolve));
    const missing = join(folder, "missing.json");
    const socket = join(folder, "missing.sock");
    const start = "or ask whoever runs it";
    assert.deepEqual(await failure(missing), {
      code: "PROXY_NOT_RUNNING",
      message: `the proxy does not run: there is no ${missing}`,
      hint: `start it with: codex-responses-api-proxy --server-info ${missing} < key.txt, ${start} for this machine`,
    });
    assert.deepEqual(await failure(`http://127.0.0.1:${port}`), {
      code: "PROXY_NOT_RUNNING",
      message: `no proxy listens on 127.0.0.1:${port}`,
      hint: `start it with: codex-responses-api-proxy --port ${port} < key.txt, ${start} for this machine`,
    });
    assert.deepEqual(await failure(`unix:${socket}`), {
      code: "PROXY_NOT_RUNNING",
      message: `no proxy listens on unix:${socket}`,
      hint: `start it with: codex-responses-api-proxy --socket ${socket} < key.txt, ${start}`,
    });
    assert.equal((await failure(serverInfo({ ...self(), port }))).code, "PROXY_NOT_RUNNING");
  });

  test("is started by a hint that a shell takes as it is meant", async () => {
    const { hint } = await failure(join(folder, "it's $(id)\n.json"));
    const command = hint.replace(/^start it with: codex-responses-api-proxy/, "printf %s").split(" < ")[0];
    const { stdout } = spawnSync("sh", ["-c", command as string], { encoding: "utf8" });
    assert.equal(stdout, `--server-info${folder}/it's $(id)?.json`);
  });

  test("is not taken for whoever has its port: its process has ended, or its pid is another's now", async () => {
    const port = await listen(); // the impostor
    const child = spawn("true");
    await new Promise((resolve) => child.once("exit", resolve));
    for (const members of [
      { port, pid: child.pid },
      { ...self(), port, start_ticks: 1 },
      { ...self(), port, boot_id: "another" },
    ]) {
      const { code, message } = await failure(serverInfo(members));
      assert.equal(code, "PROXY_NOT_RUNNING");
      assert.match(message, /its process \d+ has ended$/);
    }
  });
});

describe("server info", () => {
  test("that is something else is refused, and does not block", async () => {
    const pipe = join(folder, "pipe");
    spawnSync("mkfifo", [pipe]);
    const socket = join(folder, "direct.sock");
    await listen(socket);
    const texts = ["", "[]", "null", "{}", '{"port":1}', '{"port":0,"pid":1}', '{"port":"1","pid":1}'];
    const hosts = ["example.com", "192.0.2.1", "localhost", "127.0.0.1/x", 7];
    const sockets = ["relative", "", "@", "/a\n/b"];
    const made = [
      ...texts.map((text) => {
        const file = serverInfo({});
        fs.writeFileSync(file, text);
        return file;
      }),
      ...hosts.map((host) => serverInfo({ ...self(), port: 1, host })),
      ...sockets.map((path) => serverInfo({ ...self(), socket: path })),
    ];
    for (const file of [folder, pipe, ...made])
      assert.equal((await failure(file)).code, "PROXY_SERVER_INFO", file);
    const { code, hint } = await failure(socket);
    assert.deepEqual([code, hint], ["PROXY_SERVER_INFO", `for a socket give unix:${socket}`]);
  });

  test("that other users may write, or replace, is refused", async () => {
    const port = await listen();
    const open = join(folder, "open");
    fs.mkdirSync(open);
    fs.chmodSync(open, 0o777);
    const replaceable = join(open, "info.json");
    fs.writeFileSync(replaceable, JSON.stringify({ ...self(), port }));
    for (const file of [serverInfo({ ...self(), port }, 0o666), replaceable]) {
      assert.equal((await failure(file)).code, "PROXY_UNTRUSTED", file);
    }
    fs.chmodSync(open, 0o1777); // now its owner's files stay
    assert.equal((await resolveProxy(replaceable, {})).address.label, `127.0.0.1:${port}`);
  });

  test("of another user is refused where anybody could have put it, or names a process of others", {
    skip: skipUnlessRoot,
  }, async () => {
    const port = await listen();
    const shared = join(folder, "shared");
    fs.mkdirSync(shared);
    fs.chmodSync(shared, 0o1777);
    const planted = join(shared, "info.json");
    const foreign = serverInfo({ ...self(), port });
    fs.writeFileSync(planted, JSON.stringify({ ...self(), port }));
    for (const file of [planted, foreign]) {
      fs.chownSync(file, otherUser, otherUser);
      assert.equal((await failure(file)).code, "PROXY_UNTRUSTED", file);
    }
    const link = join(shared, "link.json");
    fs.symlinkSync(serverInfo({ ...self(), port }), link);
    fs.lchownSync(link, otherUser, otherUser);
    // Where fs.protected_symlinks is on, the kernel is the one to refuse.
    assert.match((await failure(link)).code, /^PROXY_(UNTRUSTED|SERVER_INFO)$/);
  });

  test("whose port belongs to another user is refused: an impostor listens there, by whatever address", {
    skip: skipUnlessRoot,
  }, async () => {
    for (const host of ["127.0.0.1", "0.0.0.0", "::", "::ffff:127.0.0.1"]) {
      const { port, end } = await startImpostor(0, host);
      try {
        const { code, message } = await failure(serverInfo({ port, pid: process.pid }));
        assert.equal(code, "PROXY_UNTRUSTED", host);
        assert.match(
          message,
          new RegExp(`^127\\.0\\.0\\.1:${port} belongs to uid ${otherUser}, not to the proxy of `),
        );
      } finally {
        await end();
      }
    }
  });

  test("leads nowhere once another user has the port: no connection to him is taken for the proxy", {
    skip: skipUnlessRoot,
  }, async () => {
    const port = await listen();
    const endpoint = await resolveProxy(serverInfo({ ...self(), port }), {});
    endpoint.requireSame();
    for (const server of open.splice(0)) await new Promise((resolve) => server.close(resolve));
    assert.throws(() => endpoint.requireSame(), { code: "PROXY_NOT_RUNNING" });
    const { end } = await startImpostor(port, "127.0.0.1");
    try {
      assert.throws(() => endpoint.requireSame(), { code: "PROXY_UNTRUSTED" });
    } finally {
      await end();
    }
  });
});

describe("a socket of another user", { skip: skipUnlessRoot }, () => {
  test("is refused in a folder where anybody may put one, and where server info names another's", async () => {
    const shared = join(folder, "sockets");
    fs.mkdirSync(shared);
    fs.chmodSync(shared, 0o1777);
    const planted = join(shared, "p.sock");
    const foreign = join(folder, "foreign.sock");
    await Promise.all([listen(planted), listen(foreign)]);
    for (const path of [planted, foreign]) fs.chownSync(path, otherUser, otherUser);
    assert.equal((await failure(`unix:${planted}`)).code, "PROXY_UNTRUSTED");
    assert.equal((await failure(serverInfo({ ...self(), socket: foreign }))).code, "PROXY_UNTRUSTED");
    assert.equal((await resolveProxy(`unix:${foreign}`, {})).address.socketPath, foreign);
  });

  test("that this user may not open says whom to ask", async () => {
    const path = join(folder, "closed.sock");
    await listen(path);
    fs.chmodSync(path, 0o600);
    const module = new URL("../../../agent/proxy-endpoint/endpoint.js", import.meta.url);
    const script = `const {resolveProxy}=await import(${JSON.stringify(module)});
      await resolveProxy("unix:${path}",{}).catch(({code,message})=>console.log(JSON.stringify({code,message})))`;
    const args = ["--reuid=60001", "--clear-groups", process.execPath, "--input-type=module", "-e", script];
    const child = spawn("setpriv", args, { cwd: "/" });
    let output = "";
    for await (const chunk of child.stdout) output += chunk;
    assert.deepEqual(JSON.parse(output), {
      code: "PROXY_UNREACHABLE",
      message: `this user may not connect to the proxy at unix:${path} (EACCES)`,
    });
  });
});
