// Whom the proxy trusts as the upstream: Node's built-in roots and --upstream-ca, and nothing that
// the environment says.

import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Authority, makeAuthority } from "../../mock/certificate.ts";
import { type MockUpstream, startMockUpstream } from "../../mock/upstream.ts";
import { runProxy, startProxy, testKey } from "../../proxy-process.ts";
import { isWhole, rawPost, sendRaw } from "../../raw-http.ts";

let authority: Authority;
let upstream: MockUpstream;
let folder: string;
let caFile: string;

before(async () => {
  authority = makeAuthority();
  upstream = await startMockUpstream({ tls: authority.issue(["127.0.0.1"]), expectedKey: testKey });
  folder = fs.mkdtempSync(join(tmpdir(), "codex-tls-"));
  caFile = join(folder, "ca.pem");
  fs.writeFileSync(caFile, authority.cert);
});
after(async () => {
  await upstream.close();
  fs.rmSync(folder, { recursive: true });
});

async function answerFrom(
  url: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const proxy = await startProxy({ args: ["--upstream-url", url, ...args], env });
  const { text } = await sendRaw(proxy.port, rawPost(), { until: isWhole, timeoutMs: 5000 });
  await proxy.stop();
  return text;
}

test("an authority given by --upstream-ca is trusted", async () => {
  assert.match(await answerFrom(upstream.url, ["--upstream-ca", caFile]), /^HTTP\/1\.1 200 /);
});

test("without it the request is refused before the key is sent, and the answer says why", async () => {
  const before = upstream.requests.length;
  const text = await answerFrom(upstream.url, []);
  assert.match(text, /^HTTP\/1\.1 502 /);
  assert.match(text, /certificate authority is not trusted \(--upstream-ca\)/);
  assert.equal(upstream.requests.length, before);
});

test("neither NODE_EXTRA_CA_CERTS nor NODE_TLS_REJECT_UNAUTHORIZED changes that, as they do for plain Node", async () => {
  const script = `fetch("${upstream.url}").then((r) => console.log(r.status), (e) => console.log(e.cause.code))`;
  const plainNode = (env: NodeJS.ProcessEnv) =>
    runProxy({ command: process.execPath, args: ["-e", script], env });
  assert.match((await plainNode(process.env)).stdout, /SELF_SIGNED|UNABLE_TO_VERIFY/);
  for (const change of [{ NODE_EXTRA_CA_CERTS: caFile }, { NODE_TLS_REJECT_UNAUTHORIZED: "0" }]) {
    const env = { ...process.env, ...change };
    assert.equal((await plainNode(env)).stdout, "401\n", "the attack works on plain Node");
    assert.match(await answerFrom(upstream.url, [], env), /not trusted/);
  }
});

test("the environment's proxy variables send nothing elsewhere", async () => {
  const elsewhere = await startMockUpstream();
  const address = `http://127.0.0.1:${elsewhere.port}`;
  const env = {
    ...process.env,
    HTTPS_PROXY: address,
    HTTP_PROXY: address,
    http_proxy: address,
    ALL_PROXY: address,
  };
  const plain = await startMockUpstream();
  assert.match(await answerFrom(plain.url, [], env), /^HTTP\/1\.1 200 /);
  assert.equal(elsewhere.requests.length, 0);
  await elsewhere.close();
  await plain.close();
});

test("a certificate for another name, and one that has expired, are refused and named", async () => {
  const past = { notBefore: new Date(Date.now() - 2e8), notAfter: new Date(Date.now() - 1e8) };
  for (const [tls, reason] of [
    [authority.issue(["other.example"]), /certificate is for another host name/],
    [authority.issue(["127.0.0.1"], past), /certificate has expired/],
  ] as const) {
    const bad = await startMockUpstream({ tls });
    assert.match(await answerFrom(bad.url, ["--upstream-ca", caFile]), reason);
    assert.equal(bad.requests.length, 0);
    await bad.close();
  }
});
