// The slots of a key that is replaced: it is zeroed, and not before the last write that points at it;
// what is found of it afterwards is found by a fingerprint. In a child process each, as the key is read
// from its stdin.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const moduleAt = (name: string) => fileURLToPath(new URL(`../../hardening/${name}.js`, import.meta.url));

/** Run a script that has `secret`, a pair of connected unix sockets and `rotate(bytes)`. */
function run(script: string, input = "old-key\n"): { result: unknown; stderr: string } {
  const prelude = `
    const net = await import("node:net");
    const { once } = await import("node:events");
    const { readSecretFromStdin } = await import(${JSON.stringify(moduleAt("secret"))});
    const { SplicingWriter } = await import(${JSON.stringify(moduleAt("splice"))});
    const { EchoMask } = await import(${JSON.stringify(moduleAt("echo-mask"))});
    const text = (bytes) => Buffer.from(bytes).toString("latin1");
    const isZero = (bytes) => bytes.every((byte) => byte === 0);
    const secret = readSecretFromStdin();
    const server = net.createServer().listen("\\0codex-test-" + process.pid);
    await once(server, "listening");
    const pair = async () => {
      const client = net.connect("\\0codex-test-" + process.pid);
      const [peer] = await once(server, "connection");
      client.on("error", () => {});
      return [peer, client];
    };
    const rotate = async (bytes, end = false) => {
      const [peer, client] = await pair();
      const refusal = await secret.rotation.receive(peer, () => end ? client.end(bytes) : client.write(bytes));
      client.destroy(); peer.destroy();
      return refusal ?? "replaced";
    };
    const print = (result) => { console.log(JSON.stringify(result)); process.exit(0); };`;
  const args = ["--input-type=module", "-e", `${prelude}\n${script}`];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", input, timeout: 60_000 });
  return { result: stdout === "" ? undefined : JSON.parse(stdout), stderr };
}

test("a key is replaced, and the one before it zeroed where no write needs it", () => {
  const { result, stderr } = run(`
    const old = secret.bytes;
    const outcome = await rotate("new-key\\r\\n");
    print([outcome, text(secret.bytes), isZero(old)]);`);
  assert.deepEqual(result, ["replaced", "new-key", true], stderr);
});

test("what is no key leaves the one in use where it is, and nothing of itself", () => {
  const { result, stderr } = run(`
    const first = secret.bytes;
    await rotate("spare\\n");
    const outcomes = [];
    for (const [bytes, end] of [["\\n"], ["", true], ["cut", true], ["a b\\n"], ["x".repeat(4097) + "\\n"],
      ["x".repeat(20000)], ["one\\ntwo\\n"], ["nul\\0\\n"], ["\\ufeffbom\\n"], ["\\nkey\\n"]]) {
      outcomes.push(await rotate(bytes, end));
    }
    const whole = new Uint8Array(first.buffer, first.byteOffset, 8192);
    print([outcomes, text(secret.bytes), isZero(whole)]);`);
  const refusals = [
    "MISSING",
    "MISSING",
    "CUT",
    "BAD_CHARACTER",
    "TOO_LARGE",
    "TOO_LARGE",
    "MORE_THAN_ONE_LINE",
    "BAD_CHARACTER",
    "BAD_CHARACTER",
    "MORE_THAN_ONE_LINE",
  ];
  assert.deepEqual(result, [refusals, "spare", true], stderr);
});

test("the longest key and the shortest take turns in the slots", () => {
  const { result, stderr } = run(`
    const lengths = [];
    for (const length of [4096, 1, 4096, 1]) {
      await rotate("k".repeat(length) + "\\n");
      lengths.push(secret.bytes.length);
    }
    print(lengths);`);
  assert.deepEqual(result, [4096, 1, 4096, 1], stderr);
});

test("while another key is awaited a second one is refused at once", () => {
  const { result, stderr } = run(`
    const [peer, client] = await pair();
    const first = secret.rotation.receive(peer, () => {});
    const second = await rotate("other\\n");
    client.write("first\\n");
    print([second, await first ?? "replaced", text(secret.bytes)]);`);
  assert.deepEqual(result, ["BUSY", "replaced", "first"], stderr);
});

test("nothing of the key is read by Node, however late it comes and in whatever pieces", () => {
  const { result, stderr } = run(`
    const [peer, client] = await pair();
    let seen = 0;
    peer.on("data", (chunk) => { seen += chunk.length; });
    await new Promise((resolve) => setTimeout(resolve, 20));
    const receiving = secret.rotation.receive(peer, () => {});
    for (const piece of ["in-", "three-", "pieces\\n"]) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      client.write(piece);
    }
    const outcome = await receiving ?? "replaced";
    await new Promise((resolve) => setTimeout(resolve, 50));
    print([outcome, text(secret.bytes), seen, peer.bytesRead]);`);
  assert.deepEqual(result, ["replaced", "in-three-pieces", 0, 0], stderr);
});

test("a key that is being written to a peer that does not read stays whole until its last write, then it is zeroed", () => {
  const { result, stderr } = run(`
    const [reader, connection] = await pair();
    reader.pause();
    const writer = new SplicingWriter(connection, secret);
    const filler = "x".repeat(8000);
    // Until all scratch memory is in use and the key itself is what is being written.
    for (let i = 0; i < 100; i++) writer.write(["POST " + i + " " + secret.placeholder + filler]);
    const old = secret.bytes;
    const outcome = await rotate("new-key\\n");
    const held = text(old);
    const next = await rotate("third-key\\n");
    for (let i = 0; i < 3; i++) writer.write(["POST after " + secret.placeholder + "\\n"]);
    let received = "";
    reader.on("data", (chunk) => { received += text(chunk); }).resume();
    while (received.split("new-key").length < 4) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const zeroed = isZero(old);
    const last = await rotate("third-key\\n");
    print([outcome, held, next, received.split("old-key").length - 1, received.split("new-key").length - 1,
      zeroed, last, text(secret.bytes)]);`);
  const expected = ["replaced", "old-key", "SLOT_IN_USE", 100, 3, true, "replaced", "third-key"];
  assert.deepEqual(result, expected, stderr);
});

test("a connection that breaks with writes left lets the key go too", () => {
  const { result, stderr } = run(`
    const [reader, connection] = await pair();
    reader.pause();
    const writer = new SplicingWriter(connection, secret);
    for (let i = 0; i < 100; i++) writer.write(["POST " + secret.placeholder + "x".repeat(8000)]);
    const old = secret.bytes;
    await rotate("new-key\\n");
    const held = text(old);
    connection.destroy();
    await once(connection, "close");
    print([held, isZero(old), await rotate("third-key\\n")]);`);
  assert.deepEqual(result, ["old-key", true, "replaced"], stderr);
});

test("an answer that began before is searched for every key since, one that begins now for the present one", () => {
  const { result, stderr } = run(`
    const before = new EchoMask(secret);
    await rotate("second-key\\n");
    const between = new EchoMask(secret);
    await rotate("third-key\\n");
    const after = new EchoMask(secret);
    const echo = (mask) => text(mask.push(Buffer.from("old-key second-key third-key ")));
    print([before, between, after].map((mask) => [echo(mask), mask.hasMasked]));`);
  const expected = [
    ["******* ********** ********* ", true],
    ["old-key ********** ********* ", true],
    ["old-key second-key ********* ", true],
  ];
  assert.deepEqual(result, expected, stderr);
});

test("a former key is found where it is split over chunks", () => {
  const { result, stderr } = run(`
    const mask = new EchoMask(secret);
    await rotate("new-key\\n");
    const out = ["a o", "ld", "-key", " b", " new-", "key."].map((chunk) => text(mask.push(Buffer.from(chunk))));
    print([...out, text(mask.end() ?? "")].join(""));`);
  assert.equal(result, "a ******* b *******.", stderr);
});

test("the process leaves at once while a key is awaited", () => {
  const began = performance.now();
  const { result, stderr } = run(`
    const [peer] = await pair();
    secret.rotation.receive(peer, () => {});
    process.on("exit", () => secret.wipe());
    setTimeout(() => print("left"), 50);`);
  assert.equal(result, "left", stderr);
  assert.ok(performance.now() - began < 15_000, "the reader would have waited for 30 seconds");
});
