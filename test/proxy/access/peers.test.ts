// Who may connect, by uid and group: real users, each of them a process, against the whole proxy. Without
// the options each of these clients is served.

import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type MockUpstream, startMockUpstream } from "../../mock/upstream.ts";
import {
  type RunningProxy,
  runProxy,
  skipWithoutOtherUser,
  startProxy,
  testKey,
} from "../../proxy-process.ts";
import { RawClient } from "../../raw-client.ts";
import { rawPost } from "../../raw-http.ts";
import { waitFor } from "../../wait-for.ts";
import { askAs } from "./clients.ts";

// Neither has an account; 60001 is the proxy's own.
const allowed = 60_002;
const foreigner = 60_003;

const asRoot = { skip: skipWithoutOtherUser };

let upstream: MockUpstream;
const proxies: RunningProxy[] = [];

before(async () => {
  upstream = await startMockUpstream();
});

after(async () => {
  for (const proxy of proxies) await proxy.stop();
  await upstream.close();
});

async function start(...args: string[]): Promise<RunningProxy> {
  const proxy = await startProxy({ args: ["--user", "60001", "--upstream-url", upstream.url, ...args] });
  proxies.push(proxy);
  return proxy;
}

const refusedLines = ({ output }: RunningProxy) =>
  output.stderr.split("\n").filter((line) => line.includes("refused"));

test("without rules every user is served, and the start says so and how to narrow it", asRoot, async () => {
  const proxy = await start();
  assert.equal((await askAs(foreigner, { to: proxy })).status, 200);
  assert.match(proxy.output.stderr, /^codex: every user of this machine may use it: --allow-user/);
});

describe("with --allow-uid", asRoot, () => {
  let proxy: RunningProxy;
  before(async () => {
    proxy = await start("--allow-uid", String(allowed), "--http-shutdown");
  });

  test("that user is served, on kept connections too, and the start is silent about it", async () => {
    const twice = rawPost() + rawPost({ headers: ["Connection: close"] });
    const { text } = await askAs(allowed, { to: proxy, bytes: twice });
    assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), ["HTTP/1.1 200", "HTTP/1.1 200"]);
    assert.doesNotMatch(proxy.output.stderr, /every user/);
  });

  test("others get 403 with who they are and which rule it is, and the connection is closed", async () => {
    const before = upstream.requests.length;
    const { status, text, error } = await askAs(foreigner, { to: proxy, bytes: rawPost() + rawPost() });
    assert.equal(status, 403);
    assert.deepEqual(error, {
      message: "this user may not use the proxy: uid 60003: not allowed by --allow-uid",
      type: "forbidden",
      code: "PXY_ERR_PEER",
    });
    assert.match(text, /\r\nconnection: close\r\n/i);
    assert.equal(upstream.requests.length, before);
    assert.ok(refusedLines(proxy).includes("codex: refused uid 60003: not allowed by --allow-uid"));
  });

  test("root is another user", async () => {
    const { status, error } = await askAs(0, { to: proxy });
    assert.equal(status, 403);
    assert.match(error?.message ?? "", /uid 0 \(root\): not allowed by --allow-uid/);
  });

  test("GET /shutdown is refused to others", async () => {
    const bytes = "GET /shutdown HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert.equal((await askAs(foreigner, { to: proxy, bytes })).error?.code, "PXY_ERR_PEER");
    assert.equal((await askAs(allowed, { to: proxy })).status, 200);
  });

  test("a web page in another user's browser is not told who that is", async () => {
    for (const bytes of [
      rawPost({ headers: ["Origin: https://evil.example"] }),
      rawPost({ host: "evil.example" }),
    ]) {
      const { status, text } = await askAs(foreigner, {
        to: proxy,
        bytes: bytes.replace("\r\n", "\r\nConnection: close\r\n"),
      });
      assert.equal(status, 403);
      assert.doesNotMatch(text, /60003/);
    }
  });

  test("a user who is root in a user namespace of his own is who he is outside", async () => {
    const through = ["unshare", "--user", "--map-root-user"];
    assert.match((await askAs(foreigner, { to: proxy, through })).error?.message ?? "", /uid 60003/);
  });

  test("a port that an allowed client had a moment ago is of no use", async () => {
    const localPort = 28_123;
    // It leaves by a reset, so that the port is free at once.
    const connected = "socket.resetAndDestroy(); return;";
    await askAs(allowed, { to: { port: proxy.port, localPort }, connected });
    assert.equal(
      (await askAs(foreigner, { to: { port: proxy.port, localPort } })).error?.code,
      "PXY_ERR_PEER",
    );
    assert.equal((await askAs(allowed, { to: { port: proxy.port, localPort: localPort + 1 } })).status, 200);
  });

  test("a process that changes its user stays who it was when it made the socket", async () => {
    const asCreator = (uid: number, later: number) =>
      askAs(0, {
        to: proxy,
        before: `process.setegid(${uid}); process.seteuid(${uid});`,
        connected: `process.seteuid(0); process.setegid(0); process.setgid(${later}); process.setuid(${later});`,
      });
    assert.equal((await asCreator(foreigner, allowed)).error?.code, "PXY_ERR_PEER");
    assert.equal((await asCreator(allowed, foreigner)).status, 200);
  });

  test("a connection that is handed to another process stays who made it", async () => {
    // The child that sends the request is of the other user, and has the socket as descriptor 3.
    const handedOn = (maker: number, sender: number) =>
      askAs(0, {
        to: proxy,
        before: `process.setegid(${maker}); process.seteuid(${maker});`,
        connected: `
          process.seteuid(0); process.setegid(0);
          const user = ["--reuid=${sender}", "--regid=${sender}", "--clear-groups"];
          const child = require("node:child_process").spawn(
            "setpriv", [...user, "sh", "-c", "cat >&3"], { stdio: ["pipe", 1, 2, socket._handle.fd] });
          child.stdin.end(bytes);
          return;`,
      });
    assert.equal((await handedOn(foreigner, allowed)).error?.code, "PXY_ERR_PEER");
    assert.equal((await handedOn(allowed, foreigner)).status, 200);
  });

  test("half-closing does not help", async () => {
    const before = upstream.requests.length;
    const { status } = await askAs(foreigner, { to: proxy, halfCloses: true });
    assert.ok(status === 403 || status === 0, String(status));
    assert.equal(upstream.requests.length, before);
  });
});

test("a request of a client that was killed behind it is nobody's", asRoot, async () => {
  const proxy = await start("--allow-uid", String(allowed));
  const before = upstream.requests.length;
  process.kill(proxy.pid, "SIGSTOP"); // it accepts when the client is gone
  await askAs(allowed, {
    to: proxy,
    connected: "socket.write(bytes, () => process.kill(process.pid, 9)); return;",
  });
  process.kill(proxy.pid, "SIGCONT");
  assert.equal((await askAs(allowed, { to: proxy })).status, 200);
  assert.equal(upstream.requests.length, before + 1);
  assert.match(proxy.output.stderr, /refused a TCP client: whose connection this is cannot be told \(gone\)/);
});

describe("on a unix socket", asRoot, () => {
  let folder: string;
  let path: string;
  before(() => {
    folder = fs.mkdtempSync("/run/codex-peers-");
    fs.chmodSync(folder, 0o755);
    path = join(folder, "s");
  });
  after(() => fs.rmSync(folder, { recursive: true }));
  const onSocket = (...args: string[]) =>
    start("--port", "0", "--socket", path, "--socket-mode", "0666", ...args);

  test("the same users are let in as on TCP", async () => {
    const proxy = await onSocket("--allow-uid", String(allowed));
    const statuses = async (uid: number) => [
      (await askAs(uid, { to: { path } })).status,
      (await askAs(uid, { to: proxy })).status,
    ];
    assert.deepEqual(await statuses(allowed), [200, 200]);
    assert.deepEqual(await statuses(foreigner), [403, 403]);
    assert.deepEqual(
      refusedLines(proxy),
      Array(2).fill("codex: refused uid 60003: not allowed by --allow-uid"),
    );
    await proxy.stop();
  });

  test("groups are those that the process has, not those of its user", async () => {
    const proxy = await onSocket("--allow-group", "60099");
    const asGroups = (groups: string) => askAs(0, { to: { path }, through: ["setpriv", "--groups", groups] });
    assert.equal((await asGroups("60098,60099")).status, 200);
    assert.equal((await asGroups("60098")).status, 403);
    // On TCP the same process is judged by the user database.
    const onTcp = await askAs(0, { to: proxy, through: ["setpriv", "--groups", "60099"] });
    assert.equal(onTcp.error?.code, "PXY_ERR_PEER");
    await proxy.stop();
  });

  test("alone it needs no such rule, and the start says nothing of every user", async () => {
    const { stderr } = await runProxy({
      through: ["timeout", "-s", "TERM", "3"],
      args: ["--user", "60001", "--socket", path],
      input: `${testKey}\n`,
    });
    assert.match(stderr, /listening on unix:/);
    assert.doesNotMatch(stderr, /every user/);
  });
});

describe("names and groups", asRoot, () => {
  const games = passwd().find(({ name }) => name === "games");

  test("--allow-user takes names and numbers, several of them", { skip: games === undefined }, async () => {
    const proxy = await start("--allow-user", "games", "--allow-user", String(allowed));
    const statuses = await Promise.all(
      [games?.uid ?? 0, allowed, foreigner].map(async (uid) => (await askAs(uid, { to: proxy })).status),
    );
    assert.deepEqual(statuses, [200, 200, 403]);
  });

  test("--allow-group lets in whose primary group it is", { skip: games === undefined }, async () => {
    const proxy = await start("--allow-group", String(games?.gid));
    assert.equal((await askAs(games?.uid ?? 0, { to: proxy })).status, 200);
    assert.match(
      (await askAs(foreigner, { to: proxy })).error?.message ?? "",
      /uid 60003: not allowed by --allow-group/,
    );
  });

  const member = supplementaryMember();
  test("--allow-group lets in members by the user database, whatever groups a process has", {
    skip: member === undefined && "no group here has a member",
  }, async () => {
    const proxy = await start("--allow-group", member?.group ?? "");
    assert.equal((await askAs(member?.uid ?? 0, { to: proxy })).status, 200);
    assert.equal((await askAs(foreigner, { to: proxy })).status, 403);
    // The process has the group, its user is no member.
    const through = ["setpriv", "--groups", String(member?.gid)];
    const asRootWithGroup = await askAs(0, { to: proxy, through });
    assert.equal(asRootWithGroup.status, 403);
    assert.match(asRootWithGroup.error?.message ?? "", /uid 0 \(root\)/);
  });
});

describe("a start is refused", asRoot, () => {
  const cases: [string, string[], RegExp][] = [
    [
      "for a user who does not exist",
      ["--allow-user", "no-such-user"],
      /--allow-user: there is no such user/,
    ],
    [
      "for a group that does not exist",
      ["--allow-group", "no-such-group"],
      /--allow-group: there is no such group/,
    ],
    [
      "for the uid of users without a name",
      ["--allow-uid", "65534"],
      /--allow-uid: 65534 stands for every user/,
    ],
    ["for nobody", ["--allow-user", "nobody"], /--allow-user: 65534 stands for every user/],
    ["for nobody's group", ["--allow-group", "nogroup"], /--allow-group: 65534 stands for every group/],
  ];
  for (const [name, args, message] of cases) {
    test(name, async () => {
      const { code, stderr } = await runProxy({ args: ["--user", "60001", ...args], input: `${testKey}\n` });
      assert.equal(code, 1, stderr);
      assert.match(stderr, message);
    });
  }

  test("in a user namespace, where all others look the same", async () => {
    const run = (...args: string[]) =>
      runProxy({
        through: ["unshare", "--user", "--map-root-user"],
        args: ["--require-hardening=none", "--allow-root", "--check", ...args],
        input: `${testKey}\n`,
      });
    const { code, stderr } = await run("--allow-uid", "0");
    assert.match(stderr, /cannot be kept: in this user namespace all users of the outside look the same/);
    assert.equal(code, 1);
    assert.equal((await run()).code, 0, "the control");
  });

  test("for what is no number", async () => {
    const { code, stderr } = await runProxy({ args: ["--allow-uid", "alice"], input: `${testKey}\n` });
    assert.equal(code, 2);
    assert.match(stderr, /invalid value for --allow-uid/);
  });
});

test("refusals are logged a few times a minute, and take no places from others", asRoot, async () => {
  const proxy = await start("--allow-uid", "0");
  const before = refusedLines(proxy).length;
  const idle = `for (let i = 0; i < 100; i++) require("node:net").connect(${proxy.port}, "127.0.0.1").on("error", () => {});`;
  await Promise.all(Array.from({ length: 5 }, () => askAs(foreigner, { to: proxy, before: idle })));
  assert.equal(refusedLines(proxy).length - before, 3, proxy.output.stderr);
  const client = await RawClient.connect(proxy.port);
  client.write(rawPost());
  assert.equal((await client.settled()).final?.status, 200);
  client.leave();
  // Of those that sent nothing no more than a few are kept.
  await waitFor(() => connectionsOf(proxy.pid) < 100, "refused connections to be closed");
});

function connectionsOf(pid: number): number {
  return fs.readdirSync(`/proc/${pid}/fd`).length;
}

function passwd(): readonly { name: string; uid: number; gid: number }[] {
  return fs
    .readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .map(([name = "", , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }));
}

function supplementaryMember(): { group: string; gid: number; uid: number } | undefined {
  for (const line of fs.readFileSync("/etc/group", "utf8").split("\n")) {
    const [group = "", , gid, members = ""] = line.split(":");
    const user = passwd().find(({ name }) => name !== "" && members.split(",").includes(name));
    if (user !== undefined && user.uid !== 0) return { group, gid: Number(gid), uid: user.uid };
  }
  return undefined;
}
