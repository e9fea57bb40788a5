// The agent sends with parts of undici, not with the whole of it: they are there, they are enough for a
// tunnel, and the rest stays on disk.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

/** Files of node_modules/undici that a fresh process has loaded after `script`. */
function filesLoadedBy(script: string): readonly string[] {
  const report =
    'import { createRequire } from "node:module"; import { join } from "node:path";' +
    "const { cache } = createRequire(import.meta.url);" +
    'console.log(Object.keys(cache).filter((file) => file.includes(join("node_modules", "undici"))).join("\\n"));';
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--input-type=module", "-e", `${script}\n${report}`],
    { encoding: "utf8", timeout: 60_000 },
  );
  assert.equal(status, 0, stderr);
  return stdout.trim().split("\n");
}

const module = (path: string) => JSON.stringify(new URL(`../../../${path}`, import.meta.url).href);

test("sending loads no fetch, mocks, caches or WebSockets", () => {
  const own = filesLoadedBy(`await import(${module("agent/http/undici.js")});`);
  const unwanted = /\/undici\/(?:lib\/(?:web|mock|cache)\/|index\.js$)/;
  assert.ok(own.some((file) => file.endsWith("client.js")));
  assert.deepEqual(
    own.filter((file) => unwanted.test(file)),
    [],
  );
  const all = filesLoadedBy('await import("undici");');
  assert.ok(all.some((file) => unwanted.test(file)));
});

test("what tunnels need is there without the rest of undici", () => {
  const script = `
    import http from "node:http";
    const { ProxyAgent, request } = await import(${module("agent/http/undici.js")});
    const asked = [];
    const proxy = http.createServer().on("connect", (question, socket) => {
      asked.push(question.url);
      socket.end("HTTP/1.1 407 No\\r\\n\\r\\n");
    });
    await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const dispatcher = new ProxyAgent("http://127.0.0.1:" + proxy.address().port);
    const failed = await request(new URL("https://service.test/"), dispatcher, {}).catch(({ message }) => message);
    await dispatcher.destroy();
    proxy.close();
    if (asked[0] !== "service.test:443" || !/407/.test(failed)) throw new Error(asked + " " + failed);`;
  filesLoadedBy(script);
});
