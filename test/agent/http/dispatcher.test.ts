import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Environment } from "../../../agent/environment.ts";
import { openDispatcher } from "../../../agent/http/dispatcher.ts";
import { isExempt as readNoProxy } from "../../../agent/http/no-proxy.ts";
import { request } from "../../../agent/http/undici.ts";
import { makeSelfSigned } from "../../mock/certificate.ts";
import { type MockForwardProxy, startMockForwardProxy } from "../../mock/forward-proxy.ts";

describe("requests of the agent to the outside world", () => {
  let folder: string;
  let caFile: string;
  let secure: https.Server;
  let plain: http.Server;
  let proxy: MockForwardProxy;

  before(async () => {
    folder = fs.mkdtempSync(join(tmpdir(), "codex-http-"));
    const credentials = makeSelfSigned(["localhost", "api.example.test"]);
    caFile = join(folder, "ca.pem");
    fs.writeFileSync(caFile, credentials.cert);
    secure = https.createServer(credentials, (_, response) => response.end("secure"));
    plain = http.createServer((_, response) => response.end("plain"));
    for (const server of [secure, plain]) {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    }
    proxy = await startMockForwardProxy({ refuseWith: 502 });
  });
  after(async () => {
    secure.close();
    secure.closeAllConnections();
    plain.close();
    plain.closeAllConnections();
    await proxy.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const portOf = (server: http.Server | https.Server) => (server.address() as AddressInfo).port;
  async function get(environment: Environment, server: http.Server | https.Server): Promise<string> {
    const scheme = server === secure ? "https" : "http";
    return await getUrl(environment, `${scheme}://localhost:${portOf(server)}/`);
  }
  async function getUrl(environment: Environment, url: string): Promise<string> {
    const dispatcher = await openDispatcher(new URL(url), environment);
    try {
      const { body } = await request(new URL(url), dispatcher, {});
      return await body.text();
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? "";
    } finally {
      await dispatcher.destroy();
    }
  }
  /** what the forward proxy, which opens no tunnel here, is asked for a request to `url` */
  async function detour(environment: Environment, url: string): Promise<string | undefined> {
    const before = proxy.asked.length;
    const dispatcher = await openDispatcher(new URL(url), { ALL_PROXY: proxy.url, ...environment });
    // Names under .test are nobody's.
    await assert.rejects(request(new URL(url), dispatcher, {}));
    await dispatcher.destroy();
    return proxy.asked[before];
  }

  test("trust no certificate that nobody vouches for", async () => {
    assert.match(await get({}, secure), /SELF_SIGNED|UNABLE_TO_VERIFY|DEPTH_ZERO/);
  });

  for (const name of ["CODEX_CA_CERTIFICATE", "SSL_CERT_FILE"]) {
    test(`trust the certificates of ${name}`, async () => {
      assert.equal(await get({ [name]: caFile }, secure), "secure");
    });
    for (const [what, text] of [
      ["missing", undefined],
      ["without a certificate", "nothing\n"],
      ["broken", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
    ] as const) {
      test(`are not made while the file of ${name} is ${what}`, async () => {
        const path = join(folder, what.replaceAll(" ", "-"));
        if (text !== undefined) fs.writeFileSync(path, text);
        await assert.rejects(openDispatcher(new URL("https://localhost/"), { [name]: path }), {
          code: "HTTP_CA_FILE",
          hint: "give a PEM file with at least one certificate",
        });
      });
    }
  }

  test("go through HTTPS_PROXY, https_proxy or ALL_PROXY in a tunnel, with the proxy's name and password", async () => {
    const to = "CONNECT api.example.test:443 api.example.test:443";
    for (const name of ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]) {
      const given = { ALL_PROXY: undefined, [name]: ` ${proxy.url} ` };
      assert.equal(
        await detour(given, "https://api.example.test/"),
        to.replace(/ [^ ]*$/, " api.example.test"),
        name,
      );
    }
    assert.equal(
      await detour({ ALL_PROXY: proxy.url.slice("http://".length) }, "https://a.test/"),
      "CONNECT a.test:443 a.test",
    );
    assert.equal(await detour({}, "http://a.test:8080/"), "CONNECT a.test:8080 a.test:8080");
  });

  test("trust in the tunnel whom they trust without it, by the name of the host", async () => {
    const tunnel = await startMockForwardProxy({ leadsToPort: portOf(secure) });
    try {
      const environment = { HTTPS_PROXY: tunnel.url, CODEX_CA_CERTIFICATE: caFile };
      assert.equal(await getUrl(environment, "https://api.example.test/"), "secure");
      assert.equal(await getUrl(environment, "https://other.example.test/"), "ERR_TLS_CERT_ALTNAME_INVALID");
      assert.match(await getUrl({ HTTPS_PROXY: tunnel.url }, "https://api.example.test/"), /SELF_SIGNED/);
      assert.doesNotMatch(tunnel.seen(), /secure/);
    } finally {
      await tunnel.close();
    }
  });

  test("never take a detour to this machine, whatever the variables say", async () => {
    for (const name of ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]) {
      const before = proxy.asked.length;
      assert.equal(await get({ CODEX_CA_CERTIFICATE: caFile, [name]: proxy.url }, secure), "secure", name);
      assert.equal(proxy.asked.length, before);
    }
    for (const host of ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"]) {
      assert.equal(await detour({ HTTP_PROXY: proxy.url }, `http://${host}:9/`), undefined, host);
    }
    // Not asked for, so not looked at either.
    assert.equal(await get({ HTTP_PROXY: "socks5://host" }, plain), "plain");
  });

  for (const [noProxy, url, isExempt] of [
    ["example.test", "https://example.test/", true],
    ["example.test", "https://api.example.test/", true],
    ["example.test", "https://badexample.test/", false],
    [".example.test", "https://api.example.test/", true],
    ["*.example.test", "https://api.example.test/", true],
    ["a.test, EXAMPLE.test", "https://example.test/", true],
    ["a.test example.test", "https://example.test/", true],
    ["*", "https://example.test/", true],
    ["example.test:443", "https://example.test/", true],
    ["example.test:8443", "https://example.test/", false],
    ["192.0.2.0/24", "https://192.0.2.7/", true],
    ["192.0.2.0/24", "https://192.0.3.7/", false],
    ["192.0.2.7", "https://192.0.2.7:9/", true],
    ["192.0.2.7", "https://192.0.2.70:9/", false],
    ["2001:db8::/32", "https://[2001:db8::1]/", true],
    ["[2001:db8::1]:443", "https://[2001:db8::1]/", true],
    ["2001:db8::1", "https://[2001:db8::2]/", false],
    ["192.0.2.0/x,,:,/", "https://192.0.2.7/", false],
    ["", "https://example.test/", false],
  ] as const) {
    test(`${isExempt ? "go past" : "go through"} the proxy to ${url} for NO_PROXY=${noProxy}`, () => {
      assert.equal(readNoProxy(new URL(url), noProxy), isExempt);
    });
  }

  test("honour no_proxy before NO_PROXY", async () => {
    const environment = { NO_PROXY: "a.test", no_proxy: "b.test" };
    assert.match((await detour(environment, "https://a.test/")) ?? "", /^CONNECT a\.test:443/);
    assert.equal(await detour(environment, "https://b.test/"), undefined);
  });

  test("do not take HTTP_PROXY from a web server that runs this as a CGI", async () => {
    const environment = { ALL_PROXY: undefined, HTTP_PROXY: proxy.url };
    assert.match((await detour(environment, "http://a.test/")) ?? "", /^CONNECT a\.test:80/);
    assert.equal(await detour({ ...environment, REQUEST_METHOD: "GET" }, "http://a.test/"), undefined);
  });

  test("are not made by a proxy of a kind that is not known, and its password is not shown", async () => {
    const url = new URL("https://example.test/");
    for (const name of ["HTTPS_PROXY", "all_proxy"]) {
      await assert.rejects(openDispatcher(url, { [name]: "socks5://user:password@host:1080" }), {
        code: "HTTP_PROXY_URL",
        message: `${name} is not the URL of an HTTP proxy`,
        hint: "give a URL like http://proxy.example:3128",
      });
    }
  });
});
