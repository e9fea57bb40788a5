// `status`: what a server info file tells, checked against the process that it tells of.

import assert from "node:assert/strict";
import fs from "node:fs";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { defaultServerInfo } from "../../proxy/commands/running-proxy.ts";
import {
  asOtherUser,
  packageRoot,
  quietUser,
  runProxy,
  skipWithoutOtherUser,
  startProxy,
} from "../proxy-process.ts";

let folder: string;
let file: string;

before(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-status-"));
  fs.chmodSync(folder, 0o755);
});
after(() => fs.rmSync(folder, { recursive: true }));
beforeEach(() => {
  file = join(folder, "info.json");
  fs.rmSync(file, { force: true });
});

const status = (...extra: string[]) => runProxy({ args: ["status", "--server-info", file, ...extra] });
const start = () => startProxy({ args: [...quietUser, "--server-info", file] });

test("a running proxy: one line, the same as JSON, exit 0", async () => {
  const proxy = await start();
  const info = JSON.parse(fs.readFileSync(file, "utf8"));
  assert.deepEqual(await status(), {
    code: 0,
    signal: null,
    stdout: `running on 127.0.0.1:${proxy.port}, pid ${proxy.pid}, since ${info.started_at}, version ${info.version}\n`,
    stderr: "",
  });
  const { code, stdout } = await status("--json");
  assert.deepEqual([code, JSON.parse(stdout)], [0, { running: true, ...info }]);
  await proxy.stop();
});

test("another user sees the same", { skip: skipWithoutOtherUser }, async () => {
  const proxy = await start();
  const through = [...asOtherUser];
  const result = await runProxy({ through, args: ["status", "--server-info", file] });
  assert.deepEqual([result.code, result.stderr], [0, ""]);
  await proxy.stop();
});

test("no file: exit 3, which JSON says too", async () => {
  const message = `not running: there is no ${file}`;
  assert.deepEqual(await status(), { code: 3, signal: null, stdout: `${message}\n`, stderr: "" });
  const { code, stdout } = await status("--json");
  assert.deepEqual([code, JSON.parse(stdout)], [3, { running: false, reason: message }]);
});

test("a stale file does not lead to whoever has the port, or the pid, now", async () => {
  const impostor = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => impostor.once("listening", resolve));
  const { port } = impostor.address() as AddressInfo;
  const proxy = await start();
  const info = { ...JSON.parse(fs.readFileSync(file, "utf8")), port };
  fs.writeFileSync(file, JSON.stringify(info));
  assert.equal((await status()).code, 0, "the control: this port answers, and the process lives");
  const other = [
    { ...info, start_ticks: info.start_ticks - 1 },
    { ...info, boot_id: "00000000-0000-4000-8000-000000000000" },
    { ...info, pid: 4_194_304 },
  ];
  for (const stale of other) {
    fs.writeFileSync(file, JSON.stringify(stale));
    const { code, stdout } = await status();
    assert.deepEqual([code, stdout], [3, `not running: process ${stale.pid} of ${file} has ended\n`]);
  }
  await proxy.stop();
  fs.writeFileSync(file, JSON.stringify(info));
  assert.equal((await status()).code, 3);
  impostor.close();
});

test("a pid of another namespace proves nothing: then the connection decides", async () => {
  const proxy = await start();
  const info = { ...JSON.parse(fs.readFileSync(file, "utf8")), pid: 4_194_304, pid_namespace: "pid:[1]" };
  fs.writeFileSync(file, JSON.stringify(info));
  assert.equal((await status()).code, 0);
  await proxy.stop();
  fs.writeFileSync(file, JSON.stringify(info));
  const { code, stdout } = await status();
  assert.deepEqual([code, stdout], [3, `not running: nobody listens on 127.0.0.1:${info.port}\n`]);
});

const noServerInfo = [
  "",
  "{",
  "null",
  "[]",
  '{"port":0,"pid":1}',
  '{"port":1,"pid":"x"}',
  '{"pid":1}',
  '{"port":1,"pid":1,"host":"example.com"}',
  '{"port":1,"pid":1,"host":"192.0.2.1"}',
  '{"port":1,"pid":1,"host":"127.0.0.1/$(id)"}',
];

test("nothing in a file of another user means anything to a terminal", async () => {
  for (const member of ["socket", "started_at", "version", "boot_id"]) {
    for (const code of ["\u001b]0;title\u0007", "\n", "\u009b2J"]) {
      fs.writeFileSync(file, JSON.stringify({ socket: "/x", pid: process.pid, [member]: `/${code}` }));
      const { code: exit, stdout, stderr } = await status();
      assert.deepEqual(
        [exit, stdout, stderr.split("\n")[0]],
        [1, "", `codex: error: ${file} is not server info`],
      );
    }
  }
});

test("what is no server info is named, with exit 1", async () => {
  for (const content of noServerInfo) {
    fs.writeFileSync(file, content);
    const { code, stderr } = await status();
    assert.deepEqual([code, stderr.split("\n")[0]], [1, `codex: error: ${file} is not server info`]);
  }
  const directory = await runProxy({ args: ["status", "--server-info", folder] });
  assert.deepEqual([directory.code, /^codex: error: cannot read /.test(directory.stderr)], [1, true]);
});

test("without a file it looks where the units of systemd/ have it", () => {
  const unit = fs.readFileSync(join(packageRoot, "systemd/codex-responses-api-proxy.service"), "utf8");
  assert.match(unit, new RegExp(`--server-info=${defaultServerInfo}[ \n]`));
});
