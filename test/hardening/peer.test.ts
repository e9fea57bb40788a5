// Whose socket is at the other end: the kernel's answer for clients of several users, and no answer
// where there is a doubt. As root only in part: other users' clients are started with setpriv.

import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net, { type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { lookUpAccount } from "../../hardening/accounts.ts";
import { native } from "../../hardening/native.ts";
import { isUnixSocket, openPeerQuery, tcpPeerUid, unixPeer, whyUidsAreMapped } from "../../hardening/peer.ts";
import { packageRoot, skipWithoutOtherUser } from "../proxy-process.ts";
import { waitFor } from "../wait-for.ts";

const ownUid = process.geteuid?.() ?? -1;
const asRoot = { skip: skipWithoutOtherUser };

let server: net.Server;
let server6: net.Server;
const opened: { destroy(): unknown }[] = [];

before(async () => {
  server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, "127.0.0.1");
  server6 = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, "::1");
  await Promise.all([once(server, "listening"), once(server6, "listening")]);
  assert.equal(openPeerQuery((server as unknown as { _handle: { fd: number } })._handle.fd), undefined);
});

after(() => {
  for (const one of opened) one.destroy();
  server.close();
  server6.close();
});

const portOf = (of: net.Server): number => (of.address() as AddressInfo).port;

function keep(socket: Socket): Socket {
  opened.push(socket);
  return socket.on("error", () => {});
}

/** Connect, and give both ends once they are connected. */
async function pair(
  of: net.Server,
  options: Partial<net.TcpSocketConnectOpts> = {},
): Promise<[client: Socket, served: Socket]> {
  const accepted = once(of, "connection");
  const client = keep(net.connect({ port: portOf(of), host: "127.0.0.1", ...options }));
  const [[served]] = await Promise.all([accepted, once(client, "connect")]);
  return [client, keep(served)];
}

/** A process of a user whose client socket, `socket`, does what `script` says; and our end of it. */
async function connectedBy(
  uid: number,
  script = "",
  localPort?: number,
): Promise<[process: ChildProcess, served: Socket]> {
  const accepted = once(server, "connection");
  const options = { host: "127.0.0.1", port: portOf(server), localPort };
  const child = spawn("setpriv", [
    ...[`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", process.execPath, "-e"],
    `const socket = require("net").connect(${JSON.stringify(options)}, () => {${script}});`,
  ]);
  opened.push({ destroy: () => child.kill("SIGKILL") });
  const [served] = await accepted;
  return [child, keep(served)];
}

test("the kernel's answers are tried on a listener of either family, and on what is none", () => {
  const query = native.openPeerQuery();
  const descriptorOf = (of: net.Server) => (of as unknown as { _handle: { fd: number } })._handle.fd;
  assert.deepEqual(
    [descriptorOf(server), descriptorOf(server6), query].map((fd) => native.findsListener(query, fd)),
    [true, true, false],
  );
  fs.closeSync(query);
});

describe("the owner of a client's socket", () => {
  test("is this process's uid for its own clients, on IPv4 and IPv6", async () => {
    const pairs = [
      await pair(server),
      await pair(server, { localAddress: "127.0.0.77" }),
      await pair(server, { host: "::ffff:127.0.0.1" }),
      await pair(server6, { host: "::1" }),
    ];
    assert.deepEqual(
      pairs.map(([, served]) => tcpPeerUid(served)),
      pairs.map(() => ({ uid: ownUid })),
    );
  });

  test("is the other user's for one that speaks Multipath TCP, as far as it is TCP", asRoot, async (t) => {
    const folder = fs.mkdtempSync(join(tmpdir(), "codex-mptcp-"));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    fs.chmodSync(folder, 0o755);
    const client = join(folder, "client");
    const source = join(packageRoot, "test/hardening/mptcp-client.c");
    const env = { PATH: "/usr/local/bin:/usr/bin:/bin" };
    assert.equal(spawnSync(process.env.CC || "cc", ["-O1", source, "-o", client], { env }).status, 0);
    fs.chmodSync(client, 0o755);
    const accepted = once(server, "connection");
    const user = ["--reuid=60001", "--regid=60001", "--clear-groups"];
    const child = spawn("/usr/bin/setpriv", [...user, client, String(portOf(server))]);
    opened.push({ destroy: () => child.kill("SIGKILL") });
    const ended = once(child, "exit").then(([code]) => code as number);
    const served = await Promise.race([accepted, ended]);
    if (served === 2) return t.skip("this kernel has no Multipath TCP");
    assert.deepEqual(tcpPeerUid(keep((served as [Socket])[0])), { uid: 60001 });
  });

  test("is the other user's for a process of that user", asRoot, async () => {
    const [, first] = await connectedBy(60001);
    const [, second] = await connectedBy(60002);
    assert.deepEqual([tcpPeerUid(first), tcpPeerUid(second)], [{ uid: 60001 }, { uid: 60002 }]);
  });

  test("stays who made it when the process becomes another user", asRoot, async () => {
    const [child, served] = await connectedBy(0, "process.setuid(60001)");
    const status = () => fs.readFileSync(`/proc/${child.pid}/status`, "utf8");
    await waitFor(() => status().includes("Uid:\t60001"), "the change of user");
    assert.deepEqual(tcpPeerUid(served), { uid: 0 });
  });

  test("is nobody's once the client was killed with data on its way", asRoot, async () => {
    const [child, served] = await connectedBy(60001, "socket.write('x'.repeat(1e7))");
    // Nobody reads here, so that its close is never confirmed.
    await waitFor(() => bytesWaiting(served) > 0, "data");
    child.kill("SIGKILL");
    await once(child, "close");
    // The control: the kernel still has its socket, an orphan, which on some kernels is root's by its uid.
    assert.equal(entryOf(served.remotePort, served.localPort)?.[9], "0");
    assert.deepEqual(tcpPeerUid(served), { failure: "gone" });
  });

  test("is known of a client that has closed its sending half and waits", async () => {
    const [client, served] = await pair(server);
    served.resume();
    client.end("last words");
    await once(served, "end");
    assert.deepEqual(tcpPeerUid(served), { uid: ownUid });
  });

  test("is nobody's once the client has closed, in order or by a reset", async () => {
    for (const leave of [(it: Socket) => it.destroy(), (it: Socket) => it.resetAndDestroy()]) {
      const [client, served] = await pair(server);
      leave(client);
      await once(client, "close");
      assert.deepEqual(tcpPeerUid(served), { failure: "gone" });
    }
  });

  test("is not that of another user who got the port of a client that is gone", asRoot, async () => {
    const [client, stale] = await pair(server);
    const { localPort } = client;
    client.resetAndDestroy();
    await once(client, "close");
    // The same four-tuple, which names the other user.
    const [, served] = await connectedBy(60002, "", localPort);
    assert.deepEqual([served.remotePort, tcpPeerUid(served)], [localPort, { uid: 60002 }]);
    assert.deepEqual(tcpPeerUid(stale), { failure: "gone" });
  });

  test("is asked of TCP connections alone", async () => {
    const folder = fs.mkdtempSync(join(tmpdir(), "peer-"));
    const local = net.createServer().listen(join(folder, "s"));
    const accepted = once(local, "connection");
    keep(net.connect(join(folder, "s")));
    const served = keep((await accepted)[0]);
    const [, tcp] = await pair(server);
    assert.deepEqual([isUnixSocket(served), isUnixSocket(tcp)], [true, false]);
    assert.deepEqual([tcpPeerUid(served), unixPeer(tcp)], [{ failure: "gone" }, undefined]);
    local.close();
    fs.rmSync(folder, { recursive: true });
  });
});

test("a unix socket's peer is the process that connected, with its groups", asRoot, async () => {
  const folder = fs.mkdtempSync(join(tmpdir(), "peer-"));
  fs.chmodSync(folder, 0o755);
  const path = join(folder, "s");
  const local = net.createServer().listen(path);
  await once(local, "listening");
  fs.chmodSync(path, 0o777);
  const accepted = once(local, "connection");
  const child = spawn("setpriv", [
    ...["--reuid=60001", "--regid=60002", "--groups=60003,60004", process.execPath, "-e"],
    `require("net").connect(${JSON.stringify(path)})`,
  ]);
  const served = keep((await accepted)[0]);
  assert.deepEqual(unixPeer(served), { pid: child.pid, uid: 60001, gid: 60002, groups: [60003, 60004] });
  child.kill("SIGKILL");
  local.close();
  fs.rmSync(folder, { recursive: true });
});

test("accounts come with their name and groups, or are said not to exist", async () => {
  const root = await lookUpAccount(0);
  assert.equal(root?.name, "root");
  assert.ok(root?.groups.includes(0));
  assert.equal(await lookUpAccount(61_234), undefined);
});

test("a user namespace that maps uids is told from one that does not", asRoot, async () => {
  assert.equal(whyUidsAreMapped(), undefined);
  const module = new URL("../../hardening/peer.js", import.meta.url).href;
  const child = spawn("unshare", [
    ...["--user", "--map-root-user", process.execPath, "--input-type=module", "-e"],
    `console.log((await import(${JSON.stringify(module)})).whyUidsAreMapped())`,
  ]);
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  await once(child, "close");
  assert.match(text, /all users of the outside look the same/);
});

/** The fields of a connection's line in /proc/net/tcp, as the end at port `from` has it. */
function entryOf(from: number | undefined, to: number | undefined): readonly string[] | undefined {
  const hex = (port = 0) => `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return fs
    .readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .find((fields) => fields[1]?.endsWith(hex(from)) && fields[2]?.endsWith(hex(to)));
}

/** What has come and nobody has read. */
function bytesWaiting(socket: Socket): number {
  return Number.parseInt(entryOf(socket.localPort, socket.remotePort)?.[4]?.split(":")[1] ?? "0", 16);
}
