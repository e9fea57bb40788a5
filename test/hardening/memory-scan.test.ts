// Where copies of the key are: root reads all memory of the proxy, at rest and under load, and finds
// none; in a proxy that holds the key as a string it finds many.

import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { sendMany } from "../many-requests.ts";
import { scanMemory } from "../memory-scan.ts";
import { makeAuthority } from "../mock/certificate.ts";
import { type MockUpstream, startMockUpstream } from "../mock/upstream.ts";
import { type RunningProxy, runProxy, startProxy, testKey } from "../proxy-process.ts";

const needsRoot = { skip: process.geteuid?.() !== 0 && "needs root: only root may read the proxy's memory" };

let upstream: MockUpstream;
let folder: string;
let caFile: string;

before(async () => {
  const authority = makeAuthority();
  upstream = await startMockUpstream({ tls: authority.issue(["127.0.0.1"]), expectedKey: testKey });
  folder = fs.mkdtempSync(join(tmpdir(), "codex-scan-"));
  caFile = join(folder, "ca.pem");
  fs.writeFileSync(caFile, authority.cert);
});

after(async () => {
  await upstream.close();
  fs.rmSync(folder, { recursive: true });
});

interface Scans {
  readonly copies: readonly number[];
  /** where they were found, for the message of a test that fails */
  readonly places: string;
}

async function scanAtRestAndUnderLoad(proxy: RunningProxy): Promise<Scans> {
  // The first write on a new connection is one of its own kind, and the last to leave its traces here.
  await sendMany(proxy.port, 1000);
  upstream.mode = "plainAndClose";
  await sendMany(proxy.port, 100);
  upstream.mode = "plain";
  const atRest = scanMemory(proxy.pid, testKey);
  const load = sendMany(proxy.port, 1000);
  const scans = [atRest];
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    scans.push(scanMemory(proxy.pid, testKey));
  }
  await load;
  assert.ok(atRest.scannedBytes > 30 * 1024 * 1024, "the scan saw the process");
  scans.push(scanMemory(proxy.pid, testKey));
  return {
    copies: scans.map((scan) => scan.copies),
    places: scans.flatMap((scan) => scan.places).join("\n"),
  };
}

test(
  "over TLS, after and during a thousand requests, no copy of the key can be read",
  needsRoot,
  async () => {
    const proxy = await startProxy({ args: ["--upstream-url", upstream.url, "--upstream-ca", caFile] });
    const { stdout } = await runProxy({ args: ["--check"] });
    // Where the kernel has no memfd_secret, root can read the one page that holds the key.
    const expected = /secret memory\s+memfd_secret/.test(stdout) ? 0 : 1;
    const { copies, places } = await scanAtRestAndUnderLoad(proxy);
    assert.deepEqual(copies, Array(5).fill(expected), `${proxy.output.stderr}${places}`);
    await proxy.stop();
  },
);

test("the same scan finds many in a proxy that holds it as a string", needsRoot, async () => {
  const entry = fileURLToPath(new URL("../controls/string-proxy.js", import.meta.url));
  const control = await startProxy({ command: process.execPath, args: [entry, upstream.url] });
  const { copies } = await scanAtRestAndUnderLoad(control);
  assert.ok(
    copies.some((found) => found > 10),
    `found ${copies}`,
  );
  control.kill("SIGKILL");
  await control.ended;
});
