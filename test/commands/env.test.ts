// `env`: what a client must be told, in forms that a shell takes apart as meant.

import assert from "node:assert/strict";
import fs from "node:fs";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launcher, runProxy } from "../proxy-process.ts";
import { writeServerInfoOf } from "./fake-proxy.ts";

let folder: string;
let file: string;
let server: net.Server;
let baseUrl: string;

before(async () => {
  folder = fs.mkdtempSync(join(tmpdir(), "codex-env-"));
  file = join(folder, "info.json");
  server = net.createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  baseUrl = `http://127.0.0.1:${port}/v1`;
  writeServerInfoOf(file, { port });
});
after(() => {
  server.close();
  fs.rmSync(folder, { recursive: true });
});

const env = (...extra: string[]) => runProxy({ args: ["env", "--server-info", file, ...extra] });
const expected = (members = "") => [
  "-c",
  `model_providers.responses-api-proxy={name="responses-api-proxy",base_url="${baseUrl}",wire_api="responses",supports_websockets=false${members}}`,
  "-c",
  'model_provider="responses-api-proxy"',
];
const printArguments = `'${process.execPath}' -e 'console.log(JSON.stringify(process.argv.slice(1)))' --`;
// Asynchronous, as the server that it connects to is in this process.
const shell = async (command: string): Promise<unknown> => {
  const { stdout, stderr, code } = await runProxy({ command: "sh", args: ["-c", command] });
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
};

test("one argument a line, which a shell that splits at blanks takes apart as meant", async () => {
  const { code, stdout, stderr } = await env();
  assert.deepEqual([code, stderr, stdout], [0, "", `${expected().join("\n")}\n`]);
  const files = join(folder, "a=b"); // nothing in it is a pattern of file names
  fs.mkdirSync(files);
  const args = await shell(
    `cd ${files} && touch x && ${printArguments} $(${launcher} env --server-info ${file}) exec hi`,
  );
  assert.deepEqual(args, [...expected(), "exec", "hi"]);
});

test("--shell is for eval", async () => {
  const args = await shell(`eval "${printArguments} $(${launcher} env --server-info ${file} --shell) 'a b'"`);
  assert.deepEqual(args, [...expected(), "a b"]);
});

test("--toml is a provider for config.toml, --json has what SDKs read too", async () => {
  const { stdout } = await env("--toml");
  assert.equal(
    stdout,
    `model_provider = "responses-api-proxy"\n\n[model_providers.responses-api-proxy]\nname = "responses-api-proxy"\n` +
      `base_url = "${baseUrl}"\nwire_api = "responses"\nsupports_websockets = false\n`,
  );
  assert.deepEqual(JSON.parse((await env("--json")).stdout), {
    base_url: baseUrl,
    codex_arguments: expected(),
    variables: { OPENAI_BASE_URL: baseUrl, OPENAI_API_KEY: "replaced-by-the-proxy" },
  });
  assert.equal((await env("--toml", "--json")).code, 2);
});

test("a client token is named by its variable and never printed", async () => {
  const token = "cpt_0123456789abcdef";
  const args = ["env", "--server-info", file, "--token-env", "MY_TOKEN"];
  for (const form of [[], ["--shell"], ["--toml"], ["--json"]]) {
    const { code, stdout } = await runProxy({
      args: [...args, ...form],
      env: { ...process.env, MY_TOKEN: token },
    });
    assert.equal(code, 0);
    assert.match(stdout, /MY_TOKEN/);
    assert.ok(!stdout.includes(token));
  }
  // The token in place of the name.
  const mistaken = await env("--token-env", token);
  assert.equal(mistaken.code, 2);
  assert.ok(!mistaken.stderr.includes(token));
});

test("of a proxy that does not run, or has no port, nothing is printed", async () => {
  const socket = join(folder, "s");
  const local = net.createServer((client) => client.destroy()).listen(socket);
  await new Promise((resolve) => local.once("listening", resolve));
  const other = join(folder, "other.json");
  writeServerInfoOf(other, { socket });
  const unix = await runProxy({ args: ["env", "--server-info", other] });
  assert.deepEqual([unix.code, unix.stdout], [1, ""]);
  assert.match(unix.stderr, /unix socket .* alone\ncodex: hint: .* exec -- COMMAND /);
  local.close();
  const missing = await runProxy({ args: ["env", "--server-info", join(folder, "none")] });
  assert.deepEqual([missing.code, missing.stdout], [3, ""]);
});
