// The ways in which an upstream can be reached: where the key goes in the request, what is added to it,
// client certificates, forward proxies, and what is asked of TLS.

import assert from "node:assert/strict";
import fs from "node:fs";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { TLSSocket, TlsOptions } from "node:tls";
import { type Authority, makeAuthority } from "../../mock/certificate.ts";
import { startMockForwardProxy } from "../../mock/forward-proxy.ts";
import { type MockUpstream, startMockUpstream } from "../../mock/upstream.ts";
import { quietUser, runProxy, startProxy, testKey } from "../../proxy-process.ts";
import { isWhole, rawPost, sendRaw } from "../../raw-http.ts";

let authority: Authority;
let plain: MockUpstream;
let folder: string;
let caFile: string;

before(async () => {
  authority = makeAuthority();
  plain = await startMockUpstream();
  folder = fs.mkdtempSync(join(tmpdir(), "codex-reach-"));
  caFile = write("ca.pem", authority.cert);
});
after(async () => {
  await plain.close();
  fs.rmSync(folder, { recursive: true });
});

function write(name: string, text: string): string {
  const file = join(folder, name);
  fs.writeFileSync(file, text, { mode: 0o600 });
  return file;
}

interface Outcome {
  readonly text: string;
  readonly stderr: string;
}

async function ask(
  args: readonly string[],
  headers: readonly string[] = [],
  env = process.env,
): Promise<Outcome> {
  const proxy = await startProxy({ args: [...quietUser, ...args], env });
  const { text } = await sendRaw(proxy.port, rawPost({ headers }), { until: isWhole, timeoutMs: 5000 });
  await proxy.stop();
  return { text, stderr: proxy.output.stderr };
}

/** Values of one header in the order in which the upstream got them. */
function received(name: string): string[] {
  const { rawHeaders } = plain.requests.at(-1) ?? { rawHeaders: [] };
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}

/** An HTTPS server that tells what it learned of its client. */
async function startTlsUpstream(options: TlsOptions, names = ["127.0.0.1"]) {
  const server = https.createServer({ ...authority.issue(names), ...options }, (request, response) => {
    const socket = request.socket as TLSSocket;
    const seen = {
      serverName: socket.servername,
      client: socket.getPeerCertificate().subject?.CN,
      version: socket.getProtocol(),
      // Not the value itself, which the proxy would mask.
      hasKey: request.headers.authorization === `Bearer ${testKey}`,
    };
    request.resume().on("end", () => response.end(JSON.stringify(seen)));
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/v1/responses`,
    close: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

describe("the request", () => {
  test("goes to the path and query of --upstream-url, as Azure's deployments want it", async () => {
    await ask([
      "--upstream-url",
      `http://127.0.0.1:${plain.port}/openai/responses?api-version=preview&x=%20`,
    ]);
    assert.equal(plain.requests.at(-1)?.url, "/openai/responses?api-version=preview&x=%20");
  });

  test("carries the key in the header that --upstream-auth names, alone and once", async () => {
    const { text } = await ask(
      ["--upstream-url", plain.url, "--upstream-auth", "header:api-key"],
      ["Api-Key: mine", "Authorization: Bearer mine"],
    );
    assert.match(text, /^HTTP\/1\.1 200 /);
    assert.deepEqual(
      { key: received("api-key"), authorization: received("authorization") },
      { key: [testKey], authorization: [] },
    );
  });

  test("gets the headers of --upstream-header, in place of the client's", async () => {
    await ask(
      [
        ...["--upstream-url", plain.url, "--upstream-header", "OpenAI-Project: proj_1"],
        ...["--upstream-header=X-Two:  a: b ", "--upstream-header", "x-two: c"],
      ],
      ["openai-project: another", "X-Two: d", "X-Other: e"],
    );
    assert.deepEqual(
      { project: received("openai-project"), two: received("x-two"), other: received("x-other") },
      { project: ["proj_1"], two: ["a: b", "c"], other: ["e"] },
    );
  });
});

describe("a command line that cannot be meant is refused before the key is read", () => {
  const rows: readonly (readonly [args: readonly string[], code: number, message: RegExp])[] = [
    [["--upstream-auth", "basic"], 2, /--upstream-auth: give bearer, or header:NAME/],
    [["--upstream-auth", "header:"], 2, /--upstream-auth/],
    [["--upstream-auth", "header:host"], 2, /--upstream-auth/],
    [["--upstream-auth", "header:a b"], 2, /--upstream-auth/],
    [["--upstream-header", "no colon"], 2, /--upstream-header: give 'Name: value'/],
    [["--upstream-header", "Host: elsewhere"], 2, /--upstream-header/],
    [["--upstream-header", "Authorization: Bearer other"], 2, /--upstream-header/],
    [["--upstream-header", "Transfer-Encoding: chunked"], 2, /--upstream-header/],
    [["--upstream-header", "X: a\r\nY: b"], 2, /--upstream-header/],
    [
      ["--upstream-auth", "header:x-k", "--upstream-header", "X-K: v"],
      2,
      /names the header that carries the key/,
    ],
    [["--upstream-sni", "127.0.0.1"], 2, /--upstream-sni/],
    [["--upstream-tls-min-version", "1.1"], 2, /--upstream-tls-min-version: give 1\.2 or 1\.3/],
    [
      ["--upstream-proxy", "socks5://127.0.0.1:1"],
      1,
      /--upstream-proxy: it is not an absolute http or https URL/,
    ],
    [["--upstream-proxy", "http://user:secret@127.0.0.1:1"], 1, /it holds a user name or password/],
    [["--upstream-proxy", "http://127.0.0.1:1/path"], 1, /it holds more than a host and a port/],
    [["--stream-idle-timeout-ms", "soon"], 2, /--stream-idle-timeout-ms: give a whole number/],
    [
      ["--upstream-headers-timeout-ms", "2147483648"],
      2,
      /--upstream-headers-timeout-ms: give a whole number, at most 2147483647/,
    ],
  ];
  for (const [args, code, message] of rows) {
    test(args.join(" ").replace(/[\r\n]+/g, "|"), async () => {
      const result = await runProxy({ args: [...quietUser, ...args] }); // stdin stays open
      assert.equal(result.code, code, result.stderr);
      assert.match(result.stderr, message);
      assert.doesNotMatch(result.stderr, /secret|elsewhere|other/);
    });
  }
});

describe("an upstream that asks for a client certificate", () => {
  test("gets the one given, and refuses a proxy without one", async () => {
    const upstream = await startTlsUpstream({
      requestCert: true,
      rejectUnauthorized: true,
      ca: authority.cert,
    });
    const client = authority.issue(["client.example"]);
    const cert = write("client.pem", client.cert);
    const key = write("client.key", client.key);
    const base = ["--upstream-url", upstream.url, "--upstream-ca", caFile];
    const { text } = await ask([...base, "--upstream-client-cert", cert, "--upstream-client-key", key]);
    assert.match(text, /"client":"client\.example"/);
    const without = await ask(base);
    assert.match(without.text, /^HTTP\/1\.1 502 /);
    assert.match(without.text, /client certificate|closed|reset/);
    await upstream.close();
  });

  test("two files that do not belong together, or one alone, end the start", async () => {
    const cert = write("a.pem", authority.issue(["a.example"]).cert);
    const key = write("b.key", authority.issue(["b.example"]).key);
    const rows: readonly (readonly [args: readonly string[], message: RegExp])[] = [
      [
        ["--upstream-client-cert", cert, "--upstream-client-key", key],
        /its key belongs to another certificate/,
      ],
      [["--upstream-client-cert", cert], /belong together: --upstream-client-key is missing/],
      [["--upstream-client-cert", cert, "--upstream-client-key", cert], /not PEM that can be parsed/],
      [
        ["--upstream-client-cert", cert, "--upstream-client-key", `${key}.missing`],
        /b\.key\.missing: ENOENT/,
      ],
    ];
    for (const [args, message] of rows) {
      const { code, stderr } = await runProxy({ args: [...quietUser, ...args], input: `${testKey}\n` });
      assert.equal(code, 1, stderr);
      assert.match(stderr, message);
    }
  });
});

describe("through a forward proxy", () => {
  test("the upstream is reached, and the proxy sees its name and no key", async () => {
    for (const tls of [undefined, authority.issue(["127.0.0.1"])]) {
      const between = await startMockForwardProxy(tls === undefined ? {} : { tls });
      const upstream = await startTlsUpstream({});
      const { text, stderr } = await ask([
        ...["--upstream-url", upstream.url, "--upstream-ca", caFile, "--upstream-proxy", between.url],
      ]);
      assert.match(text, /^HTTP\/1\.1 200 /, stderr);
      assert.match(text, /"hasKey":true/);
      const authorityOf = new URL(upstream.url).host;
      assert.deepEqual(between.asked, [`CONNECT ${authorityOf} ${authorityOf}`]);
      assert.ok(between.seen().length > 0 && !between.seen().includes(testKey));
      await upstream.close();
      await between.close();
    }
  });

  test("a plain upstream is reached too; then the proxy sees all, the key included", async () => {
    const between = await startMockForwardProxy();
    const { text } = await ask(["--upstream-url", plain.url, "--upstream-proxy", between.url]);
    assert.match(text, /^HTTP\/1\.1 200 /);
    assert.ok(between.seen().includes(testKey), "what a proxy sees is recorded, so the row above can fail");
    await between.close();
  });

  test("one that refuses, or is not there, is a 502 that says so, and the key goes nowhere else", async () => {
    const between = await startMockForwardProxy({ refuseWith: 407 });
    const count = plain.requests.length;
    const refused = await ask(["--upstream-url", plain.url, "--upstream-proxy", between.url]);
    assert.match(refused.text, /^HTTP\/1\.1 502 [\s\S]*--upstream-proxy gave no tunnel: status 407/);
    assert.match(refused.stderr, /request failed while connecting: .*status 407/);
    await between.close();
    const gone = await ask(["--upstream-url", plain.url, "--upstream-proxy", between.url]);
    assert.match(gone.text, /^HTTP\/1\.1 502 [\s\S]*--upstream-proxy: connection refused \(ECONNREFUSED\)/);
    assert.equal(plain.requests.length, count);
  });

  test("one named in the environment is not used, which is said once", async () => {
    const between = await startMockForwardProxy();
    const env = { ...process.env, https_proxy: between.url, HTTP_PROXY: between.url, ALL_PROXY: "" };
    const { text, stderr } = await ask(["--upstream-url", plain.url], [], env);
    assert.match(text, /^HTTP\/1\.1 200 /);
    assert.equal(
      stderr.match(/the proxy named in the environment is not used; --upstream-proxy/g)?.length,
      1,
    );
    assert.deepEqual(between.asked, []);
    const quiet = await ask(["--upstream-url", plain.url]);
    assert.doesNotMatch(quiet.stderr, /environment/);
    await between.close();
  });
});

describe("of TLS", () => {
  test("--upstream-sni asks for a name and wants it in the certificate", async () => {
    const upstream = await startTlsUpstream({}, ["inner.example"]);
    const base = ["--upstream-url", upstream.url, "--upstream-ca", caFile];
    assert.match(
      (await ask([...base, "--upstream-sni", "inner.example"])).text,
      /"serverName":"inner\.example"/,
    );
    assert.match((await ask(base)).text, /certificate is for another host name/);
    assert.match(
      (await ask([...base, "--upstream-sni", "other.example"])).text,
      /certificate is for another/,
    );
    await upstream.close();
  });

  test("--upstream-tls-min-version refuses an older version, of which 1.2 is the oldest spoken", async () => {
    const upstream = await startTlsUpstream({ maxVersion: "TLSv1.2" });
    const base = ["--upstream-url", upstream.url, "--upstream-ca", caFile];
    assert.match((await ask(base)).text, /"version":"TLSv1\.2"/);
    const newer = await ask([...base, "--upstream-tls-min-version", "1.3"]);
    assert.match(newer.text, /^HTTP\/1\.1 502 /);
    assert.match(newer.stderr, /request failed while in the TLS handshake/);
    await upstream.close();
  });
});
