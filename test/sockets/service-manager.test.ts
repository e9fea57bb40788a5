// What the service manager hears: ready when requests are served and not before, what the proxy does, that
// it ends and how long that may take, and signs of life from a loop that turns.

import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type MockUpstream, startMockUpstream } from "../mock/upstream.ts";
import { quietUser, runProxy, startProxy, testKey } from "../proxy-process.ts";
import { rawPost } from "../raw-http.ts";
import { waitFor } from "../wait-for.ts";
import { NotifyReceiver } from "./played-systemd.ts";

let upstream: MockUpstream;
let folder: string;
before(async () => {
  upstream = await startMockUpstream();
  folder = fs.mkdtempSync(join(tmpdir(), "codex-notify-"));
});
after(async () => {
  await upstream.close();
  fs.rmSync(folder, { recursive: true });
});

const start = (name: string, env: NodeJS.ProcessEnv, ...args: string[]) =>
  startProxy({
    args: ["--upstream-url", upstream.url, ...quietUser, ...args],
    env: { ...process.env, NOTIFY_SOCKET: name, ...env },
    through: ["sh", "-c", 'test "$WATCHDOG_PID" || export WATCHDOG_PID=$$; exec "$@"', "sh"],
  });

for (const [kind, name] of [
  ["a path", () => join(folder, "notify")],
  ["an abstract name", () => `@codex-notify-${process.pid}`],
] as const) {
  test(`on ${kind}: ready with what it serves, stopping with the time that it may take`, async () => {
    const receiver = await NotifyReceiver.listen(name());
    const proxy = await start(name(), {}, "--drain-timeout-ms", "120000");
    await waitFor(() => receiver.has("READY=1"), "READY");
    proxy.kill("SIGTERM");
    await proxy.ended;
    await waitFor(() => receiver.has("STOPPING=1"), "STOPPING");
    assert.deepEqual(
      receiver.received.map(({ text }) => text.split("\n")),
      [
        ["READY=1", `STATUS=serving on 127.0.0.1:${proxy.port}; 0 open requests`],
        ["STOPPING=1", "EXTEND_TIMEOUT_USEC=125000000", "STATUS=stopping; 0 open requests"],
      ],
    );
    // systemd takes messages of the main process alone.
    for (const { pid, uid } of receiver.received) {
      assert.deepEqual(
        { pid, uid },
        { pid: proxy.pid, uid: quietUser.length > 0 ? 60001 : process.geteuid?.() },
      );
    }
    await receiver.close();
  });
}

test("the status follows the open requests", async () => {
  const name = join(folder, "status");
  const receiver = await NotifyReceiver.listen(name);
  upstream.mode = "stream";
  upstream.eventCount = 1000;
  upstream.eventGapMs = 20;
  const proxy = await start(name, {});
  const clients = [0, 1].map(() => net.connect(proxy.port, "127.0.0.1"));
  for (const client of clients) {
    client.on("error", () => {}).write(rawPost({ body: '{"stream":true}' }));
    await once(client, "data");
    client.resume();
  }
  await waitFor(
    () => receiver.has(`STATUS=serving on 127.0.0.1:${proxy.port}; 2 open requests`),
    "the status",
  );
  for (const client of clients) client.destroy();
  await waitFor(
    () => receiver.received.at(-1)?.text.endsWith("; 0 open requests") === true,
    "the next status",
  );
  assert.ok(receiver.received.length <= 4, "a status that did not change is not sent again");
  await proxy.stop();
  await receiver.close();
});

test("a start that fails is never ready", async () => {
  const name = join(folder, "failing");
  const receiver = await NotifyReceiver.listen(name);
  const env = { ...process.env, NOTIFY_SOCKET: name };
  const { code } = await runProxy({ args: quietUser, input: "not a key!\n", env });
  const checked = await runProxy({ args: [...quietUser, "--check"], env });
  assert.deepEqual([code, checked.code], [1, 0]);
  await sleep(100);
  assert.deepEqual(receiver.received, []);
  await receiver.close();
});

describe("the watchdog", () => {
  test("hears of a loop that turns, and nothing of a process that is stopped", async () => {
    const name = join(folder, "watchdog");
    const receiver = await NotifyReceiver.listen(name);
    const proxy = await start(name, { WATCHDOG_USEC: "200000" });
    const signs = () => receiver.received.filter(({ text }) => text === "WATCHDOG=1").length;
    await waitFor(() => signs() >= 5, "signs of life");
    proxy.kill("SIGSTOP");
    await sleep(300); // what was sent has arrived
    const before = signs();
    await sleep(600);
    assert.equal(signs(), before);
    proxy.kill("SIGCONT");
    await waitFor(() => signs() > before, "signs of life again");
    await proxy.stop();
    await receiver.close();
  });

  for (const [why, env] of [
    ["meant for another process", { WATCHDOG_USEC: "20000", WATCHDOG_PID: "1" }],
    ["that is no number", { WATCHDOG_USEC: "2s" }],
  ] as const) {
    test(`one ${why} hears nothing`, async () => {
      const name = join(folder, `not-${why.length}`);
      const receiver = await NotifyReceiver.listen(name);
      const proxy = await start(name, env);
      await sleep(300);
      await proxy.stop();
      assert.ok(receiver.has("READY=1"));
      assert.ok(!receiver.has("WATCHDOG=1"));
      await receiver.close();
    });
  }
});

test("a socket that nobody reads or that is not there is no reason not to serve", async () => {
  const env = { ...process.env, NOTIFY_SOCKET: join(folder, "nothing") };
  const proxy = await startProxy({ args: quietUser, env });
  assert.match(proxy.output.stderr, /^codex: warning: cannot reach the service manager by NOTIFY_SOCKET: /);
  await proxy.stop();

  const name = join(folder, "deaf");
  const receiver = await NotifyReceiver.listen(name);
  const second = await start(name, { WATCHDOG_USEC: "2000" });
  await receiver.close();
  await sleep(200);
  second.kill("SIGTERM");
  assert.deepEqual(await second.ended, { code: 0, signal: null });
  assert.ok(!second.output.stderr.includes(testKey));
});
