// What another user of the computer and a web page can do to a login in the browser. Each attack is first
// tried in a way that works, so that it is the defence that stops it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import http, { type OutgoingHttpHeaders } from "node:http";
import net, { type AddressInfo } from "node:net";
import { afterEach, describe, test } from "node:test";
import { type BrowserLogin, startBrowserLogin } from "../../../agent/auth/browser-login.ts";
import { callbackUsers, isFrom } from "../../../agent/auth/callback-peer.ts";
import { issuerAt } from "../../../agent/auth/issuer.ts";
import { type MockIssuer, startMockIssuer } from "../../mock/issuer.ts";
import { recordingStore } from "./recording-store.ts";

const nobody = 65534;
const needsRoot = process.getuid?.() === 0 ? false : "SKIPPED: only root can act as another user";

const hasV6 = await new Promise<boolean>((resolve) => {
  const probe = net.createServer().listen(0, "::1", () => probe.close(() => resolve(true)));
  probe.on("error", () => resolve(false));
});
const needsV6 = hasV6 ? false : "SKIPPED: there is no ::1 here";

describe("a login in the browser, under attack", () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const clean of cleanups.splice(0).reverse()) await clean();
  });

  interface World {
    readonly issuer: MockIssuer;
    readonly login: BrowserLogin;
    readonly saved: unknown[];
    readonly failures: string[];
    readonly ended: Promise<string>;
    /** the path to which the issuer sends the browser of whoever logs in */
    redirected(): Promise<string>;
  }

  async function begin(
    settings: { readonly terminalOwner?: number; readonly ports?: readonly number[] } = {},
  ): Promise<World> {
    const issuer = await startMockIssuer();
    cleanups.push(issuer.close);
    const saved: unknown[] = [];
    const failures: string[] = [];
    const login = await startBrowserLogin({
      store: recordingStore(saved),
      issuer: issuerAt(issuer.url, undefined),
      environment: {},
      ports: settings.ports ?? [0],
      terminalOwner: settings.terminalOwner,
      onFailure: ({ code, message }) => failures.push(`${code}: ${message}`),
    });
    cleanups.push(login.close);
    const ended = login.done.then(
      () => "well",
      (error: Error) => error.message,
    );
    const redirected = async () => {
      const response = await fetch(login.url, { redirect: "manual" });
      const { pathname, search } = new URL(response.headers.get("location") ?? "");
      return pathname + search;
    };
    return { issuer, login, saved, failures, ended, redirected };
  }

  function ask(port: number, path: string, headers: OutgoingHttpHeaders = {}): Promise<number> {
    return new Promise((resolve, reject) => {
      const all = { host: `localhost:${port}`, ...headers };
      const request = http.get({ host: "127.0.0.1", port, path, headers: all, agent: false });
      request.on("error", reject);
      request.on("response", (response) => resolve(response.resume().statusCode ?? 0));
    });
  }

  /** What a program of another user gets to read. */
  async function asUser(uid: number, script: string): Promise<string> {
    const child = spawn(process.execPath, ["-e", script], {
      uid,
      gid: uid,
      cwd: "/",
      env: {},
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      said += text;
    });
    await once(child, "close");
    return said;
  }
  const send = (port: number, path: string, more = "", host = "127.0.0.1") =>
    `const s = require("net").connect(${port}, ${JSON.stringify(host)}); s.on("data", (d) => process.stdout.write(d)); s.on("error", () => {});` +
    `s.write("GET ${path} HTTP/1.1\\r\\nHost: localhost:${port}\\r\\nAccept: text/html\\r\\n\\r\\n", () => { ${more} });`;
  const statusOf = (text: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0);

  describe("by another user who has read the address in the list of processes", { skip: needsRoot }, () => {
    test("brings a login of his own account to nobody but himself: it does not count", async () => {
      const world = await begin();
      const path = await world.redirected();
      const answer = await asUser(nobody, send(world.login.port, path));
      assert.equal(statusOf(answer), 403);
      assert.match(answer, /This login was started by another user of this computer/);
      assert.match(answer, /codex login --device-auth/);
      assert.equal(statusOf(await asUser(nobody, send(world.login.port, path))), 403);
      assert.deepEqual(world.saved, []);
      assert.deepEqual(world.failures, [
        "AUTH_CALLBACK_FOREIGN: This login was started by another user of this computer",
      ]);
      // The control: the same request from this user is a login.
      assert.equal(statusOf(await asUser(0, send(world.login.port, path))), 302);
      assert.equal(world.saved.length, 1);
    });

    for (const [how, more] of [
      ["closes", "s.end()"],
      ["hangs up", "s.destroy()"],
      ["resets the connection", "s.resetAndDestroy()"],
    ] as const) {
      test(`does not count either where he ${how} at once, which takes his name from the table`, async () => {
        const world = await begin();
        const path = await world.redirected();
        for (let round = 0; round < 5; round++) await asUser(nobody, send(world.login.port, path, more));
        assert.deepEqual(world.saved, []);
        assert.equal(await ask(world.login.port, path), 302);
      });
    }

    test("neither cancels the login nor sees its last page", async () => {
      const world = await begin();
      for (const path of ["/cancel", "/success"]) {
        assert.equal(statusOf(await asUser(nobody, send(world.login.port, path))), 403);
      }
      assert.equal(await ask(world.login.port, await world.redirected()), 302);
      assert.equal(await world.ended, "well");
    });

    test("counts where he owns the terminal on which the address was printed, as after su", async () => {
      const world = await begin({ terminalOwner: nobody });
      assert.equal(statusOf(await asUser(nobody, send(world.login.port, await world.redirected()))), 302);
      assert.equal(world.saved.length, 1);
    });

    test("cannot keep the user's browser away by holding connections open", async () => {
      const world = await begin();
      const { port } = world.login;
      const crowd = spawn(
        process.execPath,
        [
          "-e",
          `const net = require("net"); let tried = 0; const count = () => { if (++tried === 150) console.log("full"); }; for (let i = 0; i < 200; i++) net.connect(${port}, "127.0.0.1").on("error", () => {}).once("connect", function () { this.counted = true; count(); }).once("close", function () { if (!this.counted) count(); })`,
        ],
        { uid: nobody, gid: nobody, cwd: "/", env: {}, stdio: ["ignore", "pipe", "inherit"] },
      );
      cleanups.push(async () => {
        crowd.kill("SIGKILL");
        await once(crowd, "close");
      });
      await once(crowd.stdout, "data");
      assert.equal(await ask(port, await world.redirected()), 302);
      assert.equal(await world.ended, "well");
    });
  });

  test("asks nobody's name where the kernel has no table, nor in WSL, whose browser is Windows's", () => {
    assert.equal(callbackUsers({}, undefined, "darwin"), undefined);
    assert.equal(callbackUsers({ WSL_DISTRO_NAME: "Debian" }, undefined, "linux"), undefined);
    assert.deepEqual(callbackUsers({}, 1234, "linux"), { uids: [0, process.geteuid?.(), 1234] });
  });

  test("takes no socket that nobody holds any more for root's, as older kernels show it", () => {
    const ends = {
      localAddress: "127.0.0.1",
      localPort: 1455,
      remoteAddress: "127.0.0.1",
      remotePort: 40000,
    };
    const server = {
      local: "0100007F:05AF",
      remote: "00000000:0000",
      isListening: true,
      uid: 1000,
      isHeld: true,
    };
    const peer = {
      local: "0100007F:9C40",
      remote: "0100007F:05AF",
      isListening: false,
      uid: 0,
      isHeld: true,
    };
    const users = { uids: [0, 1000] };
    const mapped = "0000000000000000FFFF0000";
    for (const [rows, expected] of [
      [[server, peer], true],
      [[server, { ...peer, isHeld: false }], false],
      [[server, { ...peer, uid: 1001 }], false],
      [[server], false],
      // A browser may use a socket of IPv6 for an address of IPv4.
      [[server, { ...peer, local: mapped + peer.local, remote: mapped + peer.remote }], true],
      // A table without the server is that of another network.
      [[peer], true],
      [[], true],
    ] as const) {
      assert.equal(
        isFrom(users, ends, () => rows),
        expected,
      );
    }
  });

  test("holds ::1 as well, to which browsers go first for localhost", { skip: needsV6 }, async () => {
    const world = await begin();
    const { port } = world.login;
    const impostor = net.createServer();
    impostor.listen(port, "::1");
    const [error] = await once(impostor, "error");
    assert.equal(error.code, "EADDRINUSE");
    const path = await world.redirected();
    assert.equal(statusOf(await asUser(0, send(port, path, "", "::1"))), 302);
    assert.equal(await world.ended, "well");
  });

  test("does not use a port whose ::1 somebody else holds", { skip: needsV6 }, async () => {
    const impostor = net.createServer().listen(0, "::1");
    await once(impostor, "listening");
    cleanups.push(() => impostor.close());
    const { port } = impostor.address() as AddressInfo;
    const world = await begin({ ports: [port, 0] });
    assert.notEqual(world.login.port, port);
    assert.equal(await ask(world.login.port, await world.redirected()), 302);
  });

  test("does not wait for an impostor on its port who never ends his answer", async () => {
    const impostor = net.createServer((socket) => {
      const drip = setInterval(() => socket.write("a"), 100);
      socket.on("error", () => {});
      socket.on("close", () => clearInterval(drip));
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
    });
    impostor.listen(0, "127.0.0.1");
    await once(impostor, "listening");
    cleanups.push(() => impostor.close());
    const { port } = impostor.address() as AddressInfo;
    const world = await begin({ ports: [port, 0] });
    assert.notEqual(world.login.port, port);
  });

  for (const destination of ["image", "iframe", "script", "empty"]) {
    test(`takes no login from a page that loads it as ${destination}`, async () => {
      const world = await begin();
      const path = await world.redirected();
      const fetched = { "sec-fetch-site": "cross-site", "sec-fetch-dest": destination };
      assert.equal(await ask(world.login.port, path, fetched), 403);
      assert.deepEqual(world.saved, []);
      // The issuer's redirect is across sites too.
      assert.equal(await ask(world.login.port, path, { ...fetched, "sec-fetch-dest": "document" }), 302);
    });
  }

  test("keeps nothing once it has been cancelled, though the issuer answers later", async () => {
    const world = await begin();
    const path = await world.redirected();
    const slow = world.issuer.holdTokens();
    const callback = ask(world.login.port, path).catch(() => 0);
    await slow.arrived;
    assert.equal(await ask(world.login.port, "/cancel"), 200);
    assert.equal(await world.ended, "Login cancelled");
    slow.release();
    assert.notEqual(await callback, 302);
    assert.deepEqual(world.saved, []);
  });

  test("refuses a request of more than 16 KiB and goes on", async () => {
    const world = await begin();
    const path = await world.redirected();
    assert.equal(await ask(world.login.port, `${path}&x=${"x".repeat(100_000)}`), 431);
    assert.equal(await ask(world.login.port, path), 302);
  });

  test("ends though somebody reads nothing of what he is told", async () => {
    const world = await begin();
    const { port } = world.login;
    const idle = Array.from({ length: 20 }, () => net.connect(port, "127.0.0.1"));
    for (const socket of idle) {
      socket.on("error", () => {});
      socket.write("GET / HTTP/1.1\r\n");
      cleanups.push(() => socket.destroy());
    }
    assert.equal(await ask(port, await world.redirected()), 302);
    assert.equal(await world.ended, "well");
    await Promise.all(idle.map((socket) => socket.destroyed || once(socket, "close")));
  });
});
