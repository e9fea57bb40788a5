// Sockets that systemd passes: taken where they are what they should be, refused with the reason where not.

import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { askUnix } from "../admin/unix-client.ts";
import { type MockUpstream, startMockUpstream } from "../mock/upstream.ts";
import { quietUser, runProxy } from "../proxy-process.ts";
import { isWhole, rawPost, sendRaw } from "../raw-http.ts";
import { onLoopback, onPath, PlayedSystemd, type SocketMaker, type StartOptions } from "./played-systemd.ts";

let upstream: MockUpstream;
let folder: string;
let path: string;
before(async () => {
  upstream = await startMockUpstream({ mode: "plain" });
});
after(() => upstream.close());
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-activation-"));
  fs.chmodSync(folder, 0o755);
  path = join(folder, "proxy.sock");
});

const args = (...more: string[]) => ["--upstream-url", upstream.url, ...quietUser, ...more];

function post(socketPath: string): Promise<number> {
  const options = {
    socketPath,
    host: "localhost",
    path: "/v1/responses",
    method: "POST",
    headers: { "content-type": "application/json" },
  };
  return new Promise((resolve, reject) => {
    const request = http.request(options, (response) => resolve(response.resume().statusCode ?? 0));
    request.on("error", reject).end("{}");
  });
}

test("TCP, unix and admin are served, server info names them, their files stay at the end", async () => {
  const admin = join(folder, "admin.sock");
  const info = join(folder, "info.json");
  const systemd = await PlayedSystemd.hold(onPath(admin), onLoopback(), onPath(path));
  const service = systemd.start({
    args: args("--server-info", info),
    env: { LISTEN_FDNAMES: "admin:codex-proxy.socket:codex-proxy.socket" },
  });
  await service.served();
  const port = systemd.ports[1] as number;
  const { port: told, socket, admin_socket } = JSON.parse(fs.readFileSync(info, "utf8"));
  // The name that the kernel knows is the one by which they were made.
  assert.deepEqual(
    { told, socket, admin_socket },
    { told: port, socket: `${path}.made`, admin_socket: `${admin}.made` },
  );
  assert.match(
    service.stderr,
    new RegExp(`listening on 127.0.0.1:${port}, unix:${path}.made, admin unix:${admin}.made\n`),
  );
  assert.equal((await sendRaw(port, rawPost(), { until: isWhole })).status, 200);
  assert.equal(await post(path), 200);
  assert.equal((await askUnix(admin, "GET /readyz")).status, 200);
  const environment = fs.readFileSync(`/proc/${service.pid}/environ`, "latin1");
  assert.doesNotMatch(environment, /LISTEN_/);
  service.kill("SIGTERM");
  assert.deepEqual(await service.ended(), { code: 0, signal: null });
  assert.deepEqual(fs.readdirSync(folder).sort(), ["admin.sock", "proxy.sock"]);
  await systemd.close();
});

test("after SIGKILL their files stay too", async () => {
  const systemd = await PlayedSystemd.hold(onPath(path));
  const service = systemd.start({ args: args("--server-info", join(folder, "info.json")) });
  await service.served();
  service.kill("SIGKILL");
  await service.ended();
  assert.ok(fs.existsSync(path));
  const next = systemd.start({ args: args() });
  assert.equal(await post(path), 200, "who connected in between is served by the next one");
  next.kill("SIGTERM");
  await next.ended();
  await systemd.close();
});

test("a unix socket alone opens no TCP port, and [::1] is as good as 127.0.0.1", async () => {
  const alone = await PlayedSystemd.hold(onPath(path));
  const first = alone.start({ args: args() });
  await first.served();
  assert.match(first.stderr, /listening on unix:\S+\n/);
  await alone.close();

  if (!Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1")))
    return;
  const six = await PlayedSystemd.hold(onLoopback("::1"));
  const second = six.start({ args: args() });
  await second.served();
  assert.match(second.stderr, new RegExp(`listening on \\[::1\\]:${six.ports[0]}\n`));
  await six.close();
});

test("clients are told the address that was passed, not whoever has its port on 127.0.0.1", async () => {
  const info = join(folder, "info.json");
  const systemd = await PlayedSystemd.hold(onLoopback("127.0.0.2"));
  const port = systemd.ports[0] as number;
  const service = systemd.start({ args: args("--server-info", info) });
  await service.served();
  const impostor = net.createServer().listen(port, "127.0.0.1");
  await once(impostor, "listening");
  const command = (name: string, ...more: string[]) =>
    runProxy({
      args: [name, "--server-info", info, ...more],
      env: { ...process.env, http_proxy: "http://x" },
    });
  const env = await command("env", "--json");
  assert.equal(JSON.parse(env.stdout).base_url, `http://127.0.0.2:${port}/v1`);
  const exec = await command("exec", "--", "sh", "-c", 'echo "$OPENAI_BASE_URL $no_proxy"');
  assert.equal(exec.stdout, `http://127.0.0.2:${port}/v1 127.0.0.2\n`);
  const { stdout } = await command("status");
  assert.match(stdout, new RegExp(`^running on 127.0.0.2:${port}, `));
  impostor.close();
  service.kill("SIGTERM");
  await service.ended();
  await systemd.close();
});

test("variables that were meant for another process are not heeded, nor are their descriptors passed on", async () => {
  const systemd = await PlayedSystemd.hold(onLoopback());
  const service = systemd.start({ args: args(), env: { LISTEN_PID: "1" } });
  await service.served();
  assert.ok(!service.stderr.includes(`:${systemd.ports[0]}\n`));
  const links = fs
    .readdirSync(`/proc/${service.pid}/fd`)
    .map((fd) => fs.readlinkSync(`/proc/${service.pid}/fd/${fd}`));
  const inodes = links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
  const table = fs.readFileSync("/proc/net/tcp", "utf8").split("\n");
  const hex = (systemd.ports[0] as number).toString(16).toUpperCase().padStart(4, "0");
  const held = table
    .find((line) => line.includes(`0100007F:${hex} 00000000:0000 0A`))
    ?.trim()
    .split(/\s+/)[9];
  assert.ok(held !== undefined && !inodes.includes(held));
  await systemd.close();
});

describe("what is refused", () => {
  const anyAddress: SocketMaker = onLoopback("0.0.0.0");
  const connected: SocketMaker = async () => {
    // A connection, as Accept=yes would pass.
    const listener = net.createServer().listen(0, "127.0.0.1");
    await once(listener, "listening");
    const { port } = listener.address() as net.AddressInfo;
    const socket = net.connect(port, "127.0.0.1");
    await once(socket, "connect");
    const stand = socket as unknown as net.Server & { address: () => unknown };
    const destroy = () => {
      socket.destroy();
      listener.close();
      return stand;
    };
    return Object.assign(stand, { close: destroy });
  };
  const abstractWithNul: SocketMaker = async () => {
    const server = net.createServer().listen(`\0codex-activation-${process.pid}\0rest`);
    await once(server, "listening");
    return server;
  };
  const cases: [string, () => SocketMaker[], StartOptions, RegExp][] = [
    [
      "an address that the network reaches",
      () => [anyAddress],
      {},
      /descriptor 3: its address is not a loopback one/,
    ],
    ["a connection", () => [connected], {}, /descriptor 3: it does not listen/],
    [
      "an abstract name of which clients would be told a part",
      () => [abstractWithNul],
      {},
      /descriptor 3: its name has a NUL byte in it/,
    ],
    ["two of a kind", () => [onLoopback(), onLoopback()], {}, /descriptor 4: there is another of its kind/],
    [
      "an admin socket on TCP",
      () => [onLoopback()],
      { env: { LISTEN_FDNAMES: "admin" } },
      /descriptor 3: the admin socket must be a unix socket/,
    ],
    [
      "too few names",
      () => [onLoopback(), onPath(path)],
      { env: { LISTEN_FDNAMES: "one" } },
      /LISTEN_FDNAMES does not name each descriptor once/,
    ],
    [
      "too many names",
      () => [onLoopback()],
      { env: { LISTEN_FDNAMES: "one:two" } },
      /LISTEN_FDNAMES does not name each descriptor once/,
    ],
    [
      "a descriptor that is not open",
      () => [onLoopback()],
      { env: { LISTEN_FDS: "2" } },
      /descriptor 4: it is not open/,
    ],
    [
      "too many",
      () => [onLoopback()],
      { env: { LISTEN_FDS: "4" } },
      /more sockets were passed than can be served/,
    ],
    ["no number", () => [onLoopback()], { env: { LISTEN_FDS: "1x" } }, /LISTEN_FDS is no number/],
  ];
  for (const [name, makers, options, reason] of cases) {
    test(name, async () => {
      const systemd = await PlayedSystemd.hold(...makers());
      const service = systemd.start({ ...options, args: args() });
      assert.deepEqual(await service.ended(), { code: 1, signal: null });
      assert.match(service.stderr, reason);
      await systemd.close();
    });
  }

  for (const given of [
    ["--port", "0"],
    ["--socket", "@other"],
  ] as const) {
    test(`${given[0]} beside a socket that was passed`, async () => {
      const systemd = await PlayedSystemd.hold(onLoopback());
      const service = systemd.start({ args: args(...given) });
      assert.deepEqual(await service.ended(), { code: 2, signal: null });
      assert.match(service.stderr, new RegExp(`has passed a socket, so that ${given[0]} would do nothing`));
      await systemd.close();
    });
  }

  test("a file and a datagram socket, which are passed by a shell", async () => {
    const through = ["sh", "-c", 'exec 3</etc/hostname; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"', "sh"];
    const file = await runProxy({ args: args(), through, input: "x" });
    assert.equal(file.code, 1);
    assert.match(file.stderr, /descriptor 3: it is no socket/);
  });
});

test("an admin socket of one's own beside a passed socket for clients", async () => {
  const admin = join(folder, "own-admin.sock");
  const systemd = await PlayedSystemd.hold(onLoopback());
  const service = systemd.start({ args: args("--admin-socket", admin) });
  await service.served();
  assert.equal((await askUnix(admin, "GET /readyz")).status, 200);
  service.kill("SIGTERM");
  await service.ended();
  assert.ok(!fs.existsSync(admin));
  await systemd.close();
});
