// Where copies of the tokens are: root reads all memory of the proxy, after the start, after a renewal
// and under load, and finds none, nor a part of one; in a program that keeps them in strings it does.

import assert from "node:assert/strict";
import { after, before, describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { scanMemoryForAll } from "../memory-scan.ts";
import type { RunningProxy } from "../proxy-process.ts";
import { exchangeReply } from "./hosts.ts";
import { requestToken, requestUrl, skipWithoutWorld, World } from "./world.ts";

describe("read by root, the memory of the process", { skip: skipWithoutWorld }, () => {
  let world: World;
  before(async () => {
    world = await World.open();
  });
  after(() => world.close());

  const pieceBytes = 32;

  /** Where pieces of secrets are found in a process: a copy may be there in parts. */
  function placesOf(pid: number, secrets: readonly string[]): readonly string[] {
    const pieces = secrets.flatMap((text) =>
      Array.from({ length: Math.ceil(text.length / (4 * pieceBytes)) }, (_, index) =>
        text.slice(4 * index * pieceBytes, (4 * index + 1) * pieceBytes),
      ),
    );
    return scanMemoryForAll(
      pid,
      pieces.filter((piece) => piece.length === pieceBytes),
    ).places;
  }

  async function secretsOf(proxy: RunningProxy): Promise<string[]> {
    const jwts: string[] = [];
    const tokens: string[] = [];
    while (tokens.length === 0) {
      const seen = await world.seen();
      jwts.push(...seen.jwts);
      tokens.push(...seen.tokens);
      await sleep(50);
    }
    await sleep(200); // the proxy has read the reply by now
    assert.equal(proxy.output.stderr.includes("failed"), false);
    return [requestToken, jwts.at(-1) as string, tokens.at(-1) as string];
  }

  async function expectNoPiece(t: TestContext, args: readonly string[]): Promise<void> {
    await world.set("exchange", exchangeReply({ expires_in: 6 }));
    await world.seen();
    const proxy = await world.start({ args });
    // Where the kernel has no memfd_secret, root can read the memory that holds them.
    const hasSecretMemory = /secret memory\s+memfd_secret/.test(
      (await world.run({ args: ["--check"] })).stdout,
    );
    if (!hasSecretMemory) {
      await proxy.stop();
      t.skip("this kernel has no memfd_secret");
      return;
    }
    const first = await secretsOf(proxy);
    assert.deepEqual(placesOf(proxy.pid, first), [], "after the start");
    const second = await secretsOf(proxy);
    assert.deepEqual(placesOf(proxy.pid, [...first, ...second]), [], "after a renewal");
    const load = world.post(proxy.port, 2_000);
    assert.deepEqual(placesOf(proxy.pid, second), [], "under load");
    assert.ok((await load).every(({ status }) => status === 200));
    assert.deepEqual(placesOf(proxy.pid, [...first, ...second]), [], "after it");
    await proxy.stop();
  }

  test("holds no piece of any token, after the start, after renewals at rest and under load", (t) =>
    expectNoPiece(t, []));

  test("nor where they came through a forward proxy", (t) =>
    expectNoPiece(t, ["--upstream-proxy", world.forwardProxyUrl]));

  test("holds them all in a program that does the same with strings", async () => {
    const entry = fileURLToPath(new URL("../controls/string-oidc.js", import.meta.url));
    const control = await world.startOther(process.execPath, [entry, world.caFile, requestUrl]);
    for (const secret of await secretsOf(control)) {
      assert.notEqual(placesOf(control.pid, [secret]).length, 0);
    }
    control.kill("SIGKILL");
    await control.ended;
  });
});
