// With everything on the proxy goes on to work: twenty thousand requests over TLS, on fresh and on
// reused upstream connections, with large bodies and clients that leave, and no copy of the key after it.

import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { sendMany } from "../many-requests.ts";
import { scanMemory } from "../memory-scan.ts";
import { makeAuthority } from "../mock/certificate.ts";
import { type MockUpstream, startMockUpstream } from "../mock/upstream.ts";
import { quietUser, runProxy, startProxy, testKey } from "../proxy-process.ts";

let upstream: MockUpstream;
let folder: string;
let caFile: string;

before(async () => {
  const authority = makeAuthority();
  upstream = await startMockUpstream({ tls: authority.issue(["127.0.0.1"]), expectedKey: testKey });
  folder = fs.mkdtempSync(join(tmpdir(), "codex-load-"));
  caFile = join(folder, "ca.pem");
  fs.writeFileSync(caFile, authority.cert);
});
after(async () => {
  await upstream.close();
  fs.rmSync(folder, { recursive: true });
});

test("20,000 requests over TLS: none fails, nothing is logged, no copy of the key is left", async () => {
  const proxy = await startProxy({
    args: [...quietUser, "--upstream-url", upstream.url, "--upstream-ca", caFile],
  });
  await sendMany(proxy.port, 16_000);
  upstream.mode = "plainAndClose";
  await sendMany(proxy.port, 1_500);
  upstream.mode = "plain";
  await sendMany(proxy.port, 100, { body: Buffer.alloc(1024 * 1024, "x") });
  await sendMany(proxy.port, 2_400, { leaveEvery: 5 });
  assert.match(
    proxy.output.stderr,
    /^codex: every user .*\ncodex: protections: .*\nresponses-api-proxy listening on .*\n$/,
  );
  if (process.geteuid?.() === 0) {
    const { stdout } = await runProxy({ args: ["--check"] });
    const expected = /secret memory\s+memfd_secret/.test(stdout) ? 0 : 1;
    assert.equal(scanMemory(proxy.pid, testKey).copies, expected);
  }
  await proxy.stop();
});
