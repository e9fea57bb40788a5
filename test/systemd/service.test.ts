// The units started for real, by systemd itself: what it passes to the proxy, what the restrictions let the
// proxy do, and what they keep from everyone.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { testKey } from "../proxy-process.ts";
import { SystemManager, skipWithoutSystemd } from "./system-manager.ts";
import { readUnit, valuesOf } from "./unit-file.ts";

const service = "codex-responses-api-proxy.service";
const socket = "codex-responses-api-proxy.socket";
const tcp = ["http://127.0.0.1:8642/v1/responses"];
const unix = ["--unix-socket", "/run/codex-responses-api-proxy.sock", "http://localhost/v1/responses"];

// Modules that are not built for this Node can be unavailable.
const noneIsOff = /^codex: protections: \d+ on(, \d+ unavailable .*)?$/m;

describe("under systemd", { skip: skipWithoutSystemd }, () => {
  let manager: SystemManager;
  let upstreamUrl: string;

  const systemctl = (...args: string[]) => manager.mustRun(["systemctl", ...args]);
  const property = async (unit: string, name: string) =>
    (await systemctl("show", "--value", `--property=${name}`, unit)).trim();
  const journal = (unit: string) => manager.mustRun(["journalctl", "-o", "cat", "--no-pager", "-u", unit]);
  const write = (file: string, text: string) =>
    manager.mustRun(["sh", "-c", `mkdir -p "$(dirname ${file})" && cat > ${file}`], text);

  /** The unit's own command with an upstream that is here, and more directives. */
  async function changeService(unit: string, directives = "", command?: string): Promise<void> {
    const own = command ?? valuesOf(readUnit(unit.replace(/@.*\./, "@.")), "ExecStart")[0];
    const text = `[Service]\nExecStart=\nExecStart=${own} --upstream-url=${upstreamUrl}\n${directives}\n`;
    await write(`/etc/systemd/system/${unit}.d/zz-test.conf`, text);
    await systemctl("daemon-reload");
  }

  const encryptKey = (file: string, key = testKey) =>
    manager.mustRun(
      [
        "systemd-creds",
        "encrypt",
        "--with-key=host",
        "--name=openai-api-key",
        "-",
        `/etc/credstore.encrypted/${file}`,
      ],
      `${key}\n`,
    );

  /** As often as a test likes: StartLimitBurst= is for keys that are refused. */
  async function restart(): Promise<void> {
    await systemctl("reset-failed", service);
    await systemctl("restart", service);
  }

  before(async () => {
    manager = await SystemManager.boot();
    upstreamUrl = await manager.startUpstream();
    await encryptKey("codex-responses-api-proxy");
    await encryptKey("codex-responses-api-proxy.team");
    await changeService(service);
  });
  after(() => manager?.close());

  test("the folder of the encrypted keys is root's alone, by tmpfiles.d", async () => {
    assert.equal(await manager.mustRun(["stat", "-c", "%a %U", "/etc/credstore.encrypted"]), "700 root\n");
  });

  test("the first connection starts the service, which serves it with the key of the credential", async () => {
    await systemctl("start", socket);
    assert.equal(await property(service, "ActiveState"), "inactive");
    assert.equal(await manager.request("alice", tcp), 200);
    assert.equal(await property(service, "ActiveState"), "active");
    assert.match(
      await property(service, "StatusText"),
      /^serving on 127\.0\.0\.1:8642, unix:\/run\/codex-responses-api-proxy\.sock, admin unix:/,
    );
  });

  test("every protection is on under the unit's restrictions", async () => {
    const { stdout } = await manager.run(["journalctl", "-o", "cat", "--no-pager", "-u", service]);
    assert.match(stdout, noneIsOff);
    assert.doesNotMatch(stdout, /warning/);
  });

  test("it has another user, no capabilities, filters, and none of the machine's files to write", async () => {
    const pid = await property(service, "MainPID");
    const status = await manager.mustRun(["cat", `/proc/${pid}/status`]);
    const uid = (await manager.mustRun(["id", "-u", "codex-proxy"])).trim();
    assert.match(status, new RegExp(`^Uid:\\t${uid}\\t${uid}\\t${uid}\\t${uid}$`, "m"));
    assert.match(status, /^CapPrm:\t0{16}$/m);
    assert.match(status, /^CapBnd:\t0{16}$/m);
    assert.match(status, /^NoNewPrivs:\t1$/m);
    assert.match(status, /^Seccomp:\t2$/m);
    const mounts = await manager.mustRun(["cat", `/proc/${pid}/mounts`]);
    assert.match(mounts, /^\S+ \/ \S+ ro[, ]/m);
  });

  test("from inside no home, device, other process, bus or encrypted key is in reach, which its user has outside", async () => {
    await write("/home/alice/notes", "alice's\n");
    await manager.mustRun(["mknod", "-m", "666", "/dev/loose", "c", "1", "3"]);
    await manager.mustRun(["sh", "-c", "mkdir -p /run/dbus && touch /run/dbus/system_bus_socket"]);
    const reached = async (namespace: readonly string[]) => {
      const as = [...namespace, "setpriv", "--reuid=codex-proxy", "--regid=codex-proxy", "--clear-groups"];
      const targets = ["/home/alice/notes", "/dev/loose", "/proc/1/stat", "/run/dbus/system_bus_socket"];
      const found: string[] = [];
      for (const target of targets) {
        if ((await manager.run([...as, "stat", target])).code === 0) found.push(target);
      }
      if ((await manager.run([...as, "sh", "-c", "echo > /tmp/left"])).code === 0) found.push("/tmp");
      return found;
    };
    const outside = [
      "/home/alice/notes",
      "/dev/loose",
      "/proc/1/stat",
      "/run/dbus/system_bus_socket",
      "/tmp",
    ];
    assert.deepEqual(await reached([]), outside);
    await manager.mustRun(["rm", "/tmp/left"]);
    const inside = ["nsenter", "--mount", "-t", await property(service, "MainPID")];
    assert.deepEqual(await reached(inside), ["/tmp"]);
    // Its own /tmp, that is: nothing has come into the other.
    assert.notEqual((await manager.run(["stat", "/tmp/left"])).code, 0);
  });

  test("who is not in the group is refused on TCP and does not reach the unix socket", async () => {
    assert.deepEqual(
      [
        await manager.request("alice", unix),
        await manager.request("bob", tcp),
        await manager.request("bob", unix),
      ],
      [200, 403, 0],
    );
  });

  test("the decrypted key can be read by root and the service, by nobody else, and is gone at the end", async () => {
    const file = `/run/credentials/${service}/openai-api-key`;
    assert.equal(await manager.mustRun(["cat", file]), `${testKey}\n`);
    const { code } = await manager.run([
      "setpriv",
      "--reuid=alice",
      "--regid=alice",
      "--clear-groups",
      "cat",
      file,
    ]);
    assert.notEqual(code, 0);
    await systemctl("stop", service);
    assert.notEqual((await manager.run(["cat", file])).code, 0);
    await restart();
  });

  test("server info and the admin socket lie in the runtime folder, and go with the service", async () => {
    const info = "/run/codex-responses-api-proxy/info.json";
    const { code, stdout } = await manager.run([
      "codex-responses-api-proxy",
      "status",
      "--server-info",
      info,
    ]);
    assert.equal(code, 0, stdout);
    const health = [
      "curl",
      "-s",
      "--unix-socket",
      "/run/codex-responses-api-proxy/admin.sock",
      "http://x/healthz",
    ];
    assert.match(await manager.mustRun(health), /alive/);
    await systemctl("stop", service);
    assert.notEqual((await manager.run(["stat", "/run/codex-responses-api-proxy"])).code, 0);
    assert.equal(await property(service, "Result"), "success");
    await restart();
  });

  test("a restart fails no request that comes meanwhile", async () => {
    let isRestarting = true;
    const statuses = new Map<number, number>();
    const client = async (args: readonly string[]) => {
      while (isRestarting) {
        const status = await manager.request("alice", args);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    const clients = [client(tcp), client(unix)];
    try {
      for (let i = 0; i < 3; i++) await restart();
    } finally {
      isRestarting = false;
      await Promise.all(clients);
    }
    assert.deepEqual([...statuses.keys()], [200]);
  });

  test("the journal drops no record of a user who sends many requests", async () => {
    const limit = "[Journal]\nRateLimitIntervalSec=10min\nRateLimitBurst=1\n";
    await write("/etc/systemd/journald.conf.d/test.conf", limit);
    await systemctl("restart", "systemd-journald.service");
    try {
      const count = async (unit: string, text: string) => {
        const args = ["-o", "cat", "--no-pager", "-u", unit];
        return (await manager.mustRun(["journalctl", ...args])).split(text).length - 1;
      };
      const sent = 100;
      const before = await count(service, '"event":"request"');
      await manager.mustRun([
        ...["systemd-run", "--wait", "--unit=many-words", "sh", "-c"],
        `for i in $(seq ${sent}); do echo word; done`,
      ]);
      for (let i = 0; i < sent; i++) assert.equal(await manager.request("alice", tcp), 200);
      await manager.mustRun(["journalctl", "--sync"]);
      assert.equal(await count(service, '"event":"request"'), before + sent);
      assert.ok((await count("many-words.service", "word")) < sent, "others are limited");
    } finally {
      await manager.mustRun(["rm", "/etc/systemd/journald.conf.d/test.conf"]);
      await systemctl("restart", "systemd-journald.service");
    }
  });

  test("a proxy that gives no sign of life is ended and started again", async () => {
    await changeService(service, "WatchdogSec=2");
    await restart();
    const pid = await property(service, "MainPID");
    await sleep(5_000); // more than twice the time in which a sign is wanted
    assert.equal(await property(service, "MainPID"), pid, "the signs are given");
    await manager.mustRun(["kill", "-STOP", pid]);
    for (let i = 0; i < 100 && (await property(service, "NRestarts")) === "0"; i++) await sleep(200);
    assert.equal(await property(service, "NRestarts"), "1");
    assert.equal(await manager.request("alice", tcp), 200);
    await changeService(service);
  });

  test("a key that is refused leaves the unit failed, and no word of the key in the journal", async () => {
    await systemctl("stop", service, socket);
    await encryptKey("codex-responses-api-proxy", "sk-bad secretvalue");
    await changeService(service, "Restart=no");
    assert.notEqual((await manager.run(["systemctl", "start", service])).code, 0);
    const said = await journal(service);
    assert.match(said, /codex: error: API key may only contain ASCII/);
    assert.match(said, /codex: hint: the credential has to hold it alone/);
    assert.doesNotMatch(said, /secretvalue/);
    await encryptKey("codex-responses-api-proxy");
    await changeService(service);
    await systemctl("reset-failed");
  });

  test("an instance of the template serves with its own key, group and socket", async () => {
    const instance = "codex-responses-api-proxy@team";
    await changeService(`${instance}.service`);
    await systemctl("start", `${instance}.socket`);
    const path = [
      "--unix-socket",
      "/run/codex-responses-api-proxy-team.sock",
      "http://localhost/v1/responses",
    ];
    assert.deepEqual([await manager.request("alice", path), await manager.request("bob", path)], [200, 0]);
    assert.match(await journal(`${instance}.service`), noneIsOff);
    await systemctl("stop", `${instance}.socket`, `${instance}.service`);
  });

  test("with the drop-in for fixed addresses it serves in a user namespace of its own", async () => {
    const dropIn = readUnit(`${service}.d/fixed-upstream.conf`);
    const directives = dropIn
      .filter(({ name }) => name !== "ExecStart")
      .map(({ name, value }) => `${name}=${value}`);
    await changeService(service, directives.join("\n"), valuesOf(dropIn, "ExecStart").at(-1));
    await restart();
    assert.equal(await manager.request("alice", tcp), 200);
    assert.match(await property(service, "IPAddressDeny"), /0\.0\.0\.0\/0/);
    assert.match(await journal(service), noneIsOff);
    const pid = await property(service, "MainPID");
    const [ours, its] = [
      await manager.mustRun(["readlink", "/proc/1/ns/user"]),
      await manager.mustRun(["readlink", `/proc/${pid}/ns/user`]),
    ];
    assert.notEqual(its, ours);
  });
});
