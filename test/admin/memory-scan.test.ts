// Where copies of a key are that was handed over: root reads all memory of the process that sends it and
// of the one that receives it and finds none, neither of it nor of the key before it; where the same is
// done by ordinary means it finds some on both sides.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import net, { type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { sendMany } from "../many-requests.ts";
import { scanMemoryForAll } from "../memory-scan.ts";
import { makeAuthority } from "../mock/certificate.ts";
import { type MockUpstream, startMockUpstream } from "../mock/upstream.ts";
import { launcher, runProxy, startProxy } from "../proxy-process.ts";
import { comesTrue, waitFor } from "../wait-for.ts";

// Random, as pieces of the alphabet stand in every program.
const makeKey = () => `sk-${randomBytes(36).toString("base64url")}`;
const [oldKey, newKey, thirdKey] = [makeKey(), makeKey(), makeKey()];

const control = fileURLToPath(new URL("../controls/string-rotate.js", import.meta.url));
const skip = process.geteuid?.() !== 0 && "needs root: only root may read the memory of both";

/** Whole keys and thirds of them: a copy may be there in part. */
const pieces = (key: string) => [key, key.slice(0, 17), key.slice(17, 34), key.slice(34)];

const copiesIn = (pid: number, ...keys: string[]) => scanMemoryForAll(pid, keys.flatMap(pieces)).places;

describe("read by root, memory holds no copy of a key that is handed over:", { skip }, () => {
  let upstream: MockUpstream;
  let folder: string;
  let hasSecretMemory: boolean;

  before(async () => {
    const authority = makeAuthority();
    upstream = await startMockUpstream({ tls: authority.issue(["127.0.0.1"]) });
    folder = fs.mkdtempSync(join(tmpdir(), "codex-rotation-scan-"));
    fs.chmodSync(folder, 0o755);
    fs.writeFileSync(join(folder, "ca.pem"), authority.cert, { mode: 0o644 });
    const { stdout } = await runProxy({ args: ["--check"] });
    hasSecretMemory = /secret memory\s+memfd_secret/.test(stdout);
  });

  after(async () => {
    await upstream.close();
    fs.rmSync(folder, { recursive: true });
  });

  test("in the proxy, at rest and under load, nor of the keys before it", async (t) => {
    if (!hasSecretMemory) return t.skip("this kernel has no memfd_secret");
    const path = join(folder, "proxy.sock");
    const proxy = await startProxy({
      args: ["--upstream-url", upstream.url, "--upstream-ca", join(folder, "ca.pem"), "--admin-socket", path],
      input: `${oldKey}\n`,
    });
    await sendMany(proxy.port, 200);
    const rotate = async (key: string) => {
      const { code, stderr } = await runProxy({
        args: ["rotate", "--admin-socket", path],
        input: `${key}\n`,
      });
      assert.equal(code, 0, stderr);
    };
    await rotate(newKey);
    assert.deepEqual(copiesIn(proxy.pid, oldKey, newKey), [], "after it");
    const load = sendMany(proxy.port, 2000);
    await rotate(thirdKey);
    assert.deepEqual(copiesIn(proxy.pid, oldKey, newKey, thirdKey), [], "under load");
    await load;
    assert.deepEqual(copiesIn(proxy.pid, oldKey, newKey, thirdKey), [], "at the end");
    await proxy.stop();
  });

  /** A socket on which `answer` is all that is ever said; resolves with what came. */
  async function listen(
    path: string,
    answer: string,
  ): Promise<{ received: () => string; close: () => void }> {
    let received = "";
    const sockets: Socket[] = [];
    const server = net.createServer((socket) => {
      sockets.push(socket);
      socket.on("error", () => {});
      socket.on("data", (bytes) => {
        if (received === "") socket.write(answer);
        received += bytes.toString("latin1");
      });
    });
    server.listen(path);
    await once(server, "listening");
    const close = () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    };
    return { received: () => received, close };
  }

  test("in `rotate`, which has sent it and waits for the answer", async (t) => {
    if (!hasSecretMemory) return t.skip("this kernel has no memfd_secret");
    const path = join(folder, "silent.sock");
    const silent = await listen(path, "HTTP/1.1 101 Switching Protocols\r\n\r\n");
    const child = spawn(launcher, ["rotate", "--admin-socket", path], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    child.stdin.end(`${newKey}\n`);
    await waitFor(() => silent.received().includes(newKey), "the key");
    const { scannedBytes } = scanMemoryForAll(child.pid as number, ["a text that is nowhere"]);
    assert.ok(scannedBytes > 20 * 1024 * 1024, "the scan saw the process");
    assert.deepEqual(copiesIn(child.pid as number, newKey), []);
    silent.close();
    const [code] = await once(child, "close");
    assert.equal(code, 1);
  });

  test("while by ordinary means there are some on both sides", async () => {
    const path = join(folder, "control.sock");
    const receiver = await startProxy({ command: process.execPath, args: [control, "receive", path] });
    const sender = await startProxy({
      command: process.execPath,
      args: [control, "send", path],
      input: `${newKey}\n`,
    });
    assert.ok(await comesTrue(() => copiesIn(receiver.pid, newKey).length > 0));
    assert.ok(copiesIn(sender.pid, newKey).length > 0);
    for (const each of [receiver, sender]) {
      each.kill("SIGKILL");
      await each.ended;
    }
  });
});
