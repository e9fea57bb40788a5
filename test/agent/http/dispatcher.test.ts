import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { request } from "undici";
import type { Environment } from "../../../agent/environment.ts";
import { openDispatcher } from "../../../agent/http/dispatcher.ts";
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
    const credentials = makeSelfSigned(["localhost"]);
    caFile = join(folder, "ca.pem");
    fs.writeFileSync(caFile, credentials.cert);
    secure = https.createServer(credentials, (_, response) => response.end("secure"));
    plain = http.createServer((_, response) => response.end("plain"));
    for (const server of [secure, plain]) {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    }
    proxy = await startMockForwardProxy();
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
    const dispatcher = await openDispatcher(environment);
    const scheme = server === secure ? "https" : "http";
    try {
      const { body } = await request(`${scheme}://localhost:${portOf(server)}/`, { dispatcher });
      return await body.text();
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? "";
    } finally {
      await dispatcher.close();
    }
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
        await assert.rejects(openDispatcher({ [name]: path }), {
          code: "HTTP_CA_FILE",
          hint: "give a PEM file with at least one certificate",
        });
      });
    }
  }

  test("go through HTTPS_PROXY, https_proxy or ALL_PROXY, and past it for NO_PROXY", async () => {
    const target = `CONNECT localhost:${portOf(secure)}`;
    for (const name of ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]) {
      const before = proxy.asked.length;
      const environment = { CODEX_CA_CERTIFICATE: caFile, [name]: proxy.url };
      assert.equal(await get(environment, secure), "secure", name);
      assert.equal(proxy.asked.length - before, 1);
      assert.ok(proxy.asked.at(-1)?.startsWith(target));
      assert.equal(await get({ ...environment, NO_PROXY: "localhost" }, secure), "secure");
      assert.equal(proxy.asked.length - before, 1, "past it");
    }
  });

  test("do not take HTTP_PROXY from a web server that runs this as a CGI", async () => {
    const before = proxy.asked.length;
    assert.equal(await get({ HTTP_PROXY: "http://127.0.0.1:9", REQUEST_METHOD: "GET" }, plain), "plain");
    assert.notEqual(await get({ HTTP_PROXY: "http://127.0.0.1:9" }, plain), "plain");
    assert.equal(proxy.asked.length, before);
  });

  test("are not made by a proxy of a kind that is not known, and its password is not shown", async () => {
    await assert.rejects(openDispatcher({ HTTPS_PROXY: "socks5://user:password@host:1080" }), {
      code: "HTTP_PROXY_URL",
      message: "HTTPS_PROXY is not the URL of an HTTP proxy",
    });
  });
});
