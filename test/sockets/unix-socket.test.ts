// The proxy on a unix socket: who may connect, whose file may be replaced, and that nothing is left of it.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { askUnix, askUnixAs } from "../admin/unix-client.ts";
import { type MockUpstream, startMockUpstream } from "../mock/upstream.ts";
import { quietUser, type RunningProxy, runProxy, startProxy, testKey } from "../proxy-process.ts";
import { isWhole, rawPost, sendRaw } from "../raw-http.ts";
import { comesTrue, waitFor } from "../wait-for.ts";

const isRoot = process.geteuid?.() === 0;
const needsRoot = isRoot ? false : "needs root, to be several users";

let upstream: MockUpstream;
let folder: string;
let path: string;

before(async () => {
  upstream = await startMockUpstream();
});
after(() => upstream.close());

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-sockets-"));
  fs.chmodSync(folder, 0o755);
  path = join(folder, "proxy.sock");
});

const start = (...args: string[]) =>
  startProxy({ args: ["--upstream-url", upstream.url, ...quietUser, ...args] });
const refuse = async (...args: string[]) => {
  const { code, stderr } = await runProxy({ args: [...quietUser, ...args], input: `${testKey}\n` });
  return { code, said: stderr.split("\n")[0] };
};

function post(socketPath: string, body = "{}"): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    http
      .request(
        { socketPath, path: "/v1/responses", method: "POST", headers, host: "localhost" },
        (response) => {
          response.resume().once("end", () => resolve(response.statusCode ?? 0));
        },
      )
      .on("error", reject)
      .end(body);
  });
}

// A name whose listener is gone.
async function leaveStale(at: string): Promise<void> {
  const listener = net.createServer().listen(`${at}.made`);
  await once(listener, "listening");
  fs.renameSync(`${at}.made`, at);
  listener.close();
  await once(listener, "close");
}

const curlPost = ["-H", "content-type: application/json", "-d", "{}"];

function remove(): void {
  fs.rmSync(folder, { recursive: true });
}

test("the queue of a socket is as long as the kernel allows", async () => {
  const proxy = await start("--socket", path);
  const listed = execFileSync("ss", ["-xlnH", "src", path], { encoding: "utf8" }).trim().split(/\s+/);
  const most = Number(fs.readFileSync("/proc/sys/net/core/somaxconn", "utf8"));
  assert.equal(Number(listed[3]), Math.min(4096, most));
  await proxy.stop();
  remove();
});

test("--socket alone: no TCP, requests are forwarded, server info names it, and it goes away", async () => {
  upstream.mode = "plain";
  const info = join(folder, "info.json");
  const proxy = await start("--socket", path, "--server-info", info);
  assert.equal(proxy.listening, `unix:${path}`);
  const { socket, port } = JSON.parse(fs.readFileSync(info, "utf8"));
  assert.deepEqual({ socket, port }, { socket: path, port: undefined });
  assert.equal(await post(path), 200);
  const tcp = fs.readdirSync(`/proc/${proxy.pid}/fd`).flatMap((fd) => {
    const target = fs.readlinkSync(`/proc/${proxy.pid}/fd/${fd}`);
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    const table = ["tcp", "tcp6"].map((name) => fs.readFileSync(`/proc/net/${name}`, "utf8")).join("");
    const entry = inode && table.split("\n").find((line) => line.split(/\s+/)[10] === inode);
    return entry && / 0A /.test(entry) ? [entry] : [];
  });
  assert.deepEqual(tcp, []);
  await proxy.stop();
  assert.deepEqual(fs.readdirSync(folder), []);
  remove();
});

test("--socket with --port 0: both serve, and connections of both end in order", async () => {
  upstream.mode = "plain";
  const proxy = await start("--socket", path, "--port", "0");
  assert.equal(proxy.listening, `127.0.0.1:${proxy.port}, unix:${path}`);
  assert.equal(await post(path), 200);
  assert.equal((await sendRaw(proxy.port, rawPost(), { until: isWhole })).status, 200);
  await proxy.stop();
  assert.deepEqual(await proxy.ended, { code: 0, signal: null });
  remove();
});

test("the gate is the same on a unix socket", async () => {
  const proxy = await start("--socket", path);
  for (const [line, headers, status] of [
    ["POST /v1/responses", ["Host: evil.example", "Content-Type: application/json"], 403],
    ["POST /v1/responses", ["Host: localhost", "Content-Type: text/plain"], 403],
    ["POST /v1/responses", ["Host: localhost", "Origin: http://a", "Content-Type: application/json"], 403],
    ["GET /v1/models", ["Host: localhost"], 403],
    ["POST /v1/responses", ["Content-Type: application/json"], 400],
  ] as const) {
    assert.equal((await askUnix(path, line, "{}", headers)).status, status);
  }
  await proxy.stop();
  remove();
});

test("an abstract name works, and the start says that it is for everyone", async () => {
  upstream.mode = "plain";
  const name = `codex-test-${process.pid}`;
  const proxy = await start("--socket", `@${name}`);
  assert.equal(proxy.listening, `unix:@${name}`);
  assert.match(proxy.output.stderr, /every user of this machine may use it/);
  // Node 20 fills the name with zeros up to the full length, which is another one.
  const curl = spawn("curl", [
    "-s",
    "--abstract-unix-socket",
    name,
    "http://localhost/v1/responses",
    ...curlPost,
  ]);
  const [answer] = (await once(curl.stdout, "data")) as [Buffer];
  assert.match(answer.toString(), /"object":\s*"response"/);
  const second = await refuse("--socket", `@${name}`);
  assert.deepEqual(second, {
    code: 1,
    said: `codex: error: cannot listen on --socket @${name}: Address already in use`,
  });
  await proxy.stop();
  remove();
});

test("a client that leaves is noticed, also behind bytes of its body that nobody reads", async () => {
  const still = net.createServer((socket) => socket.on("error", () => {}).pause());
  still.listen(0, "127.0.0.1");
  await once(still, "listening");
  const { port } = still.address() as AddressInfo;
  const proxy = await startProxy({
    args: ["--upstream-url", `http://127.0.0.1:${port}/`, "--socket", path, ...quietUser],
  });
  const accepted = once(still, "connection") as Promise<[net.Socket]>;
  const client = net.connect(path).on("error", () => {});
  client.write(rawPost({ body: "" }).replace("Content-Length: 0", "Content-Length: 100000000"));
  const piece = Buffer.alloc(64 * 1024, "x");
  // Until nothing moves any more.
  while (client.write(piece) || (await comesTrue(() => client.writableLength === 0, 500))) {}
  const [connection] = await accepted;
  client.destroy();
  // All that is on its way is read, and then the end is seen.
  connection.resume();
  await new Promise((resolve) => connection.once("close", resolve));
  await proxy.stop();
  still.close();
  remove();
});

describe("mode, owner and group are as told, by those who then can connect and those who cannot", {
  skip: needsRoot,
}, () => {
  const cases: [string, string[], { mode: number; uid: number; gid: number }, number[], number[]][] = [
    ["default", [], { mode: 0o660, uid: 0, gid: 0 }, [0], [60002, 60003]],
    ["a group", ["--socket-group", "60002"], { mode: 0o660, uid: 0, gid: 60002 }, [0, 60002], [60003]],
    [
      "an owner",
      ["--socket-owner", "60003", "--socket-mode", "0600"],
      { mode: 0o600, uid: 60003, gid: 0 },
      [0, 60003],
      [60002],
    ],
    ["everyone", ["--socket-mode", "666"], { mode: 0o666, uid: 0, gid: 0 }, [0, 60002, 60003], []],
    [
      "names",
      ["--socket-owner", "nobody", "--socket-group", "daemon"],
      { mode: 0o660, uid: 65534, gid: 1 },
      [],
      [60002],
    ],
  ];
  for (const [name, args, file, may, mayNot] of cases) {
    test(name, async () => {
      const proxy = await start("--socket", path, ...args);
      const { mode, uid, gid } = fs.statSync(path);
      assert.deepEqual({ mode: mode & 0o777, uid, gid }, file);
      for (const user of may) assert.equal((await askUnixAs(user, path, "GET /")).status, 400);
      for (const user of mayNot) assert.equal((await askUnixAs(user, path, "GET /")).status, Number.NaN);
      await proxy.stop();
      remove();
    });
  }
});

describe("what is in the way", () => {
  const inTheWay: [string, (path: string) => Promise<void> | void, RegExp][] = [
    ["a file", (at) => fs.writeFileSync(at, "precious"), /it exists and is no socket$/],
    ["a directory", (at) => fs.mkdirSync(at), /it exists and is no socket$/],
    [
      "a link to a dead socket",
      async (at) => {
        await leaveStale(`${at}.dead`);
        fs.symlinkSync(`${at}.dead`, at);
      },
      /it is a symbolic link$/,
    ],
    ["a link to nothing", (at) => fs.symlinkSync(`${at}.nothing`, at), /it is a symbolic link$/],
  ];
  for (const [name, make, reason] of inTheWay) {
    test(`${name} is refused and left as it is`, async () => {
      await make(path);
      const before = fs.lstatSync(path);
      const { code, said } = await refuse("--socket", path);
      assert.equal(code, 1);
      assert.match(said ?? "", reason);
      const { ino, mode, ctimeMs } = fs.lstatSync(path);
      assert.deepEqual(
        { ino, mode, ctimeMs },
        { ino: before.ino, mode: before.mode, ctimeMs: before.ctimeMs },
      );
      remove();
    });
  }

  test("a socket that nobody serves is replaced", async () => {
    await leaveStale(path);
    await assert.rejects(post(path), { code: "ECONNREFUSED" });
    upstream.mode = "plain";
    const proxy = await start("--socket", path);
    assert.equal(await post(path), 200);
    assert.deepEqual(fs.readdirSync(folder), ["proxy.sock"], "neither a lock nor a temporary name is left");
    await proxy.stop();
    remove();
  });

  test("a socket that another process serves is left alone, also one that is too busy to answer", async () => {
    const holder = spawn(process.execPath, [
      "-e",
      `require("node:net").createServer().listen({ path: ${JSON.stringify(path)}, backlog: 1 }, () => console.log("up"))`,
    ]);
    await once(holder.stdout, "data");
    const { code, said } = await refuse("--socket", path);
    assert.deepEqual(
      { code, said },
      { code: 1, said: `codex: error: cannot listen on --socket ${path}: it is in use` },
    );
    holder.kill("SIGSTOP");
    const waiting = Array.from({ length: 4 }, () => net.connect(path).on("error", () => {}));
    assert.deepEqual((await refuse("--socket", path)).said, said, "its queue is full");
    for (const socket of waiting) socket.destroy();
    holder.kill("SIGKILL");
    await once(holder, "close");
    remove();
  });

  test("a dead socket of another user is refused", { skip: needsRoot }, async () => {
    await leaveStale(path);
    fs.chownSync(path, 60002, 60002);
    const { code, said } = await refuse("--socket", path);
    assert.deepEqual(
      { code, said },
      {
        code: 1,
        said: `codex: error: cannot listen on --socket ${path}: it belongs to another user`,
      },
    );
    const proxy = await start("--socket", path, "--socket-owner", "60002");
    await proxy.stop();
    remove();
  });
});

describe("a path that others could lead elsewhere is refused", () => {
  const cases: [string, () => string, RegExp, boolean][] = [
    [
      "a folder that every user can write",
      () => make("open", 0o777),
      /open can be written by every user$/,
      false,
    ],
    ["one with the sticky bit", () => make("sticky", 0o1777), /sticky can be written by every user$/, false],
    ["one that its group can write", () => make("group", 0o775), /group can be written by its group$/, false],
    ["another user's folder", () => give(make("theirs", 0o755)), /theirs belongs to another user$/, true],
    [
      "below another user's folder",
      () => {
        const theirs = make("theirs", 0o755);
        const inner = make("theirs/inner", 0o755);
        give(theirs);
        return inner;
      },
      /theirs belongs to another user$/,
      true,
    ],
    [
      "another user's link",
      () => {
        const link = join(folder, "link");
        fs.symlinkSync(make("real", 0o755), link);
        execFileSync("chown", ["-h", "60002", link]);
        return link;
      },
      /link belongs to another user$/,
      true,
    ],
    [
      "below a folder that another group can write",
      () => {
        const shared = make("shared", 0o775);
        const inner = make("shared/inner", 0o755);
        fs.chownSync(shared, 0, 60002);
        return inner;
      },
      /shared can be written by another group$/,
      true,
    ],
    [
      "one's own link in a folder that another group can write",
      () => {
        const shared = make("shared", 0o775);
        const link = join(shared, "link");
        fs.symlinkSync(make("real", 0o755), link);
        fs.chownSync(shared, 0, 60002);
        return link;
      },
      /shared can be written by another group$/,
      true,
    ],
    [
      "one's own link to another user's link",
      () => {
        const theirs = join(folder, "theirs");
        fs.symlinkSync(make("real", 0o755), theirs);
        execFileSync("chown", ["-h", "60002", theirs]);
        fs.symlinkSync("theirs", join(folder, "own"));
        return join(folder, "own");
      },
      /theirs belongs to another user$/,
      true,
    ],
  ];
  const make = (name: string, mode: number) => {
    fs.mkdirSync(join(folder, name));
    fs.chmodSync(join(folder, name), mode);
    return join(folder, name);
  };
  const give = (at: string) => {
    fs.chownSync(at, 60002, 60002);
    return at;
  };
  for (const [name, prepare, reason, asRoot] of cases) {
    test(name, { skip: asRoot && needsRoot }, async () => {
      const inside = prepare();
      const { code, said } = await refuse("--socket", join(inside, "proxy.sock"));
      assert.equal(code, 1);
      assert.match(said ?? "", reason);
      assert.deepEqual(fs.readdirSync(inside), []);
      remove();
    });
  }

  test("one's own link is followed, and missing folders are made for every user to enter", async () => {
    const link = join(folder, "link");
    fs.symlinkSync(make("real", 0o755), link);
    const at = join(link, "a", "b", "proxy.sock");
    const proxy = await start("--socket", at);
    assert.ok(fs.statSync(join(folder, "real/a/b/proxy.sock")).isSocket());
    for (const made of ["real/a", "real/a/b"]) {
      assert.equal(fs.statSync(join(folder, made)).mode & 0o777, 0o755);
    }
    await proxy.stop();
    assert.deepEqual(fs.readdirSync(join(folder, "real/a/b")), []);
    remove();
  });

  test("a path of 107 bytes is taken, a longer one is refused", async () => {
    const longest = join(folder, "s".repeat(107 - folder.length - 1));
    const proxy = await start("--socket", longest);
    await proxy.stop();
    const { code, said } = await refuse("--socket", `${longest}s`);
    assert.equal(code, 1);
    assert.match(said ?? "", /longer than the 107 bytes/);
    remove();
  });
});

describe("usage", () => {
  const cases: [string[], RegExp][] = [
    [["--socket-mode", "0660"], /--socket-mode, -owner and -group belong to --socket/],
    [["--admin-socket-group", "0"], /--admin-socket-mode, -owner and -group belong to --admin-socket/],
    [["--socket", "@x", "--socket-mode", "0660"], /an abstract name for --socket has neither mode nor owner/],
    [["--socket", "/run/x", "--socket-mode", "rw"], /invalid value for --socket-mode/],
    [["--socket", "/run/x", "--socket-mode", "4755"], /invalid value for --socket-mode/],
  ];
  for (const [args, reason] of cases) {
    test(args.join(" "), async () => {
      const { code, said } = await refuse(...args);
      assert.equal(code, 2);
      assert.match(said ?? "", reason);
    });
  }
  test("an owner and a group that do not exist exit 1", async () => {
    assert.match(
      (await refuse("--socket", path, "--socket-owner", "no-such-user")).said ?? "",
      /no such owner/,
    );
    assert.match(
      (await refuse("--socket", path, "--socket-group", "no-such-group")).said ?? "",
      /no such group/,
    );
    assert.deepEqual(fs.readdirSync(folder), []);
    remove();
  });
});

describe("what is left of it", () => {
  const gone = (proxy: RunningProxy, ...paths: string[]) =>
    waitFor(() => paths.every((each) => !fs.existsSync(each)), `the files of ${proxy.pid} to be removed`);

  test("after SIGKILL the janitor removes both sockets, and nobody listens any more", async () => {
    const admin = join(folder, "admin.sock");
    const proxy = await start("--socket", path, "--admin-socket", admin);
    fs.linkSync(path, `${path}.kept`);
    proxy.kill("SIGKILL");
    await proxy.ended;
    await gone(proxy, path, admin);
    await assert.rejects(post(`${path}.kept`), { code: "ECONNREFUSED" });
    remove();
  });

  test("a start that fails after its sockets were made removes them", async () => {
    const { code } = await runProxy({
      args: [...quietUser, "--socket", path, "--admin-socket", join(folder, "admin.sock")],
      input: "not a key!\n",
    });
    assert.equal(code, 1);
    await waitFor(() => fs.readdirSync(folder).length === 0, "the files to be removed");
    const other = await refuse("--socket", path, "--admin-socket", "/proc/admin.sock");
    assert.equal(other.code, 1);
    assert.deepEqual(fs.readdirSync(folder), []);
    remove();
  });

  test("a file that has taken the socket's name stays", async () => {
    const proxy = await start("--socket", path);
    fs.unlinkSync(path);
    fs.writeFileSync(path, "precious");
    await proxy.stop();
    assert.equal(fs.readFileSync(path, "utf8"), "precious");
    remove();
  });

  test("a replacement started during the drain keeps its socket when the first one ends", async () => {
    upstream.mode = "stream";
    upstream.eventCount = 20;
    upstream.eventGapMs = 100;
    const first = await start("--socket", path);
    const client = net.connect(path);
    client.write(rawPost({ body: '{"stream":true}' }));
    await once(client, "data");
    client.resume();
    first.kill("SIGTERM");
    await gone(first, path);
    const second = await start("--socket", path);
    assert.deepEqual(await first.ended, { code: 0, signal: null });
    assert.ok(fs.existsSync(path), "the inode's number may be the same, the socket is not");
    upstream.mode = "plain";
    assert.equal(await post(path), 200);
    await second.stop();
    remove();
  });

  test("of ten starts at once over a dead socket one serves, the others say so", async () => {
    await leaveStale(path);
    upstream.mode = "plain";
    const key = { input: `${testKey}\n` };
    const args = ["--upstream-url", upstream.url, ...quietUser, "--socket", path];
    const starts = Array.from({ length: 10 }, () => startProxy({ args, ...key }).catch((error) => error));
    const results: (RunningProxy | Error)[] = await Promise.all(starts);
    const winners = results.filter((result) => !(result instanceof Error)) as RunningProxy[];
    const losers = results.filter((result) => result instanceof Error) as Error[];
    assert.equal(winners.length, 1, losers.map(({ message }) => message).join("\n"));
    for (const { message } of losers)
      assert.match(message, /it is in use|another start of it is still under way/);
    assert.equal(await post(path), 200);
    await winners[0]?.stop();
    remove();
  });

  test("a start that has not listened yet is waited for, and one that died before is not", async () => {
    const lock = join(folder, ".proxy.sock.lock");
    const other = spawn("flock", ["--no-fork", lock, "sh", "-c", "echo held; exec sleep 600"]);
    await once(other.stdout, "data");
    await leaveStale(path);
    const { ino } = fs.statSync(path);
    const { code, said } = await refuse("--socket", path);
    assert.deepEqual(
      { code, said },
      {
        code: 1,
        said: `codex: error: cannot listen on --socket ${path}: another start of it is still under way`,
      },
    );
    assert.equal(fs.statSync(path).ino, ino, "what it may be making is left alone");
    other.kill("SIGKILL");
    await once(other, "close");
    assert.ok(fs.existsSync(lock), "it had no time to tidy up");
    const proxy = await start("--socket", path);
    assert.deepEqual(fs.readdirSync(folder), ["proxy.sock"]);
    await proxy.stop();
    remove();
  });

  test("--check touches no socket of a proxy that runs", async () => {
    const proxy = await start("--socket", path);
    const { code } = await runProxy({ args: [...quietUser, "--check", "--socket", path] });
    assert.equal(code, 0);
    upstream.mode = "plain";
    assert.equal(await post(path), 200);
    await proxy.stop();
    remove();
  });
});
