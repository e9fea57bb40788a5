import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { apiKeyDocument } from "../../../agent/auth/auth-document.ts";
import { saveDocument } from "../../../agent/auth/credential-store.ts";
import { openFileStore } from "../../../agent/auth/file-store.ts";

const writerProcess = fileURLToPath(new URL("writer-process.js", import.meta.url));
const needsRoot = { skip: process.getuid?.() === 0 ? false : "needs root, to be two users" };
const otherUid = 54321;

describe("auth.json", () => {
  let home: string;
  let path: string;
  const warnings: string[] = [];
  const store = () => openFileStore(home, (message) => warnings.push(message));
  const modeOf = (file: string) => (fs.statSync(file).mode & 0o777).toString(8);

  beforeEach(() => {
    home = fs.mkdtempSync(join(tmpdir(), "codex-auth-"));
    path = join(home, "auth.json");
    warnings.length = 0;
  });
  afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

  test("has the bytes that the original writes, and mode 600 even under umask 0 or 777", async () => {
    for (const umask of [0, 0o022, 0o777]) {
      const before = process.umask(umask);
      try {
        await saveDocument(store(), apiKeyDocument("sk-one"));
      } finally {
        process.umask(before);
      }
      assert.equal(fs.readFileSync(path, "utf8"), '{\n  "OPENAI_API_KEY": "sk-one"\n}');
      assert.equal(modeOf(path), "600");
      fs.rmSync(path);
    }
  });

  test("of a wider mode is 600 after it was written", async () => {
    fs.writeFileSync(path, "{}", { mode: 0o644 });
    fs.chmodSync(path, 0o644);
    await saveDocument(store(), apiKeyDocument("sk-one"));
    assert.equal(modeOf(path), "600");
  });

  test("is never open to others, not even for a moment", { timeout: 60_000 }, async () => {
    const seen = new Set<string>();
    const watcher = fs.watch(home, (_event, name) => {
      try {
        seen.add(modeOf(join(home, name ?? "")));
      } catch {
        // Renamed or gone.
      }
    });
    const before = process.umask(0);
    try {
      for (let round = 0; round < 50; round++) await saveDocument(store(), apiKeyDocument(`sk-${round}`));
      await sleep(50);
    } finally {
      process.umask(before);
      watcher.close();
    }
    assert.deepEqual(seen, new Set(["600"]));
  });

  test("is written in a folder that did not exist, which only its owner can enter", async () => {
    home = join(home, "new");
    await saveDocument(store(), apiKeyDocument("sk-one"));
    assert.equal(modeOf(home), "700");
    assert.deepEqual(await store().load(), { OPENAI_API_KEY: "sk-one" });
    home = join(home, "..");
  });

  test("that is a symbolic link is written at its target, existing or not, and stays a link", async () => {
    fs.mkdirSync(join(home, "dotfiles"));
    fs.symlinkSync("dotfiles/codex-auth.json", path);
    for (const key of ["sk-one", "sk-two"]) {
      await saveDocument(store(), apiKeyDocument(key));
      assert.ok(fs.lstatSync(path).isSymbolicLink());
      assert.deepEqual(JSON.parse(fs.readFileSync(join(home, "dotfiles/codex-auth.json"), "utf8")), {
        OPENAI_API_KEY: key,
      });
      assert.deepEqual(await store().load(), { OPENAI_API_KEY: key });
    }
    assert.deepEqual(fs.readdirSync(join(home, "dotfiles")), ["codex-auth.json"]);
    assert.equal(await store().remove(), true);
    assert.deepEqual(warnings, [
      `${path} was a symbolic link; ${join(home, "dotfiles/codex-auth.json")} is left as it is`,
    ]);
  });

  for (const [what, text, reason] of [
    ["is empty", "", "it is empty"],
    ["is cut off", '{"OPENAI_API_KEY": "sk-secret-part', "it is not JSON"],
    ["is a list", "[]", "it is not an object"],
    ["has a number for a key", '{"OPENAI_API_KEY": 12345678}', "`OPENAI_API_KEY` is not a string"],
    ["has text for tokens", '{"tokens": "sk-secret-part"}', "`tokens` is not an object"],
    ["has a list for a token", '{"tokens": {"id_token": []}}', "`tokens.id_token` is not a string"],
    ["has a number for its age", '{"last_refresh": 5}', "`last_refresh` is not a string"],
  ] as const) {
    test(`that ${what} is refused with its name and the remedy, and stays as it is`, async () => {
      fs.writeFileSync(path, text);
      await assert.rejects(store().load(), {
        code: "AUTH_FILE_MALFORMED",
        message: `${path} is malformed: ${reason}`,
        hint: "run `codex login` to replace it, or `codex logout` to remove it",
      });
      assert.equal(fs.readFileSync(path, "utf8"), text);
    });
  }

  test("that is a folder, a pipe, a circle of links or larger than 1 MiB is refused without waiting, and what to do is said", async () => {
    const isNoFile = { code: "AUTH_FILE_KIND", hint: "move it out of the way, then run `codex login`" };
    fs.mkdirSync(path);
    await assert.rejects(store().load(), isNoFile);
    fs.rmdirSync(path);
    execFileSync("mkfifo", [path]);
    await assert.rejects(store().load(), isNoFile);
    fs.rmSync(path);
    fs.writeFileSync(path, " ".repeat(1024 * 1024 + 1));
    await assert.rejects(store().load(), { code: "AUTH_FILE_MALFORMED" });
    fs.rmSync(path);
    fs.symlinkSync("auth.json", path);
    await assert.rejects(store().load(), isNoFile);
  });

  test("is removed once, and then there was none", async () => {
    fs.writeFileSync(path, "malformed");
    assert.deepEqual([await store().remove(), await store().remove()], [true, false]);
  });

  test(
    "of another user in a folder that others can write to is neither read nor written",
    needsRoot,
    async () => {
      fs.chmodSync(home, 0o1777);
      fs.writeFileSync(path, '{"OPENAI_API_KEY":"sk-of-the-attacker"}', { mode: 0o666 });
      fs.chownSync(path, otherUid, otherUid);
      const expected = { code: "AUTH_FILE_FOREIGN" };
      await assert.rejects(store().load(), expected);
      await assert.rejects(saveDocument(store(), apiKeyDocument("sk-mine")), expected);
      assert.equal(fs.readFileSync(path, "utf8"), '{"OPENAI_API_KEY":"sk-of-the-attacker"}');
      // The control: in a folder that only its owner can write to, as in a container with a mounted file.
      fs.chmodSync(home, 0o755);
      assert.deepEqual(await store().load(), { OPENAI_API_KEY: "sk-of-the-attacker" });
    },
  );

  test("that another user makes a link to a file of ours does not overwrite it", needsRoot, async () => {
    const victim = join(home, "victim");
    fs.mkdirSync(victim, { mode: 0o700 });
    const precious = join(victim, "profile");
    fs.writeFileSync(precious, "precious");
    const shared = join(home, "shared");
    fs.mkdirSync(shared);
    // Without the sticky bit: with it, the kernel itself follows no such link.
    fs.chmodSync(shared, 0o777);
    fs.symlinkSync(precious, join(shared, "auth.json"));
    fs.lchownSync(join(shared, "auth.json"), otherUid, otherUid);
    const sharedStore = openFileStore(shared, () => {});
    await assert.rejects(saveDocument(sharedStore, apiKeyDocument("sk-mine")), { code: "AUTH_FILE_FOREIGN" });
    assert.equal(fs.readFileSync(precious, "utf8"), "precious");
    // The control: what a plain write does with the same link.
    fs.writeFileSync(join(shared, "auth.json"), "sk-mine");
    assert.equal(fs.readFileSync(precious, "utf8"), "sk-mine");
  });

  test("stays whole when its writer is killed at any moment", { timeout: 110_000 }, async () => {
    await saveDocument(store(), apiKeyDocument("start"));
    for (let round = 0; round < 25; round++) {
      const child = spawn(process.execPath, [writerProcess, home], { stdio: ["ignore", "pipe", "inherit"] });
      await once(child.stdout, "data");
      await sleep(Math.random() * 20);
      child.kill("SIGKILL");
      await once(child, "close");
      const document = JSON.parse(fs.readFileSync(path, "utf8")) as { OPENAI_API_KEY: string };
      assert.match(document.OPENAI_API_KEY, /^(start|(a{20000}|b{30000}))$/);
      assert.equal(modeOf(path), "600");
    }
    // What the killed ones left holds keys too: it goes with the login.
    await store().remove();
    assert.deepEqual(fs.readdirSync(home), []);
  });

  test("is written without what a killed writer left a minute ago", async () => {
    const [old, young] = [".auth.json.0123456789abcdef", ".auth.json.fedcba9876543210"];
    for (const name of [old, young, ".auth.json.backup"]) fs.writeFileSync(join(home, name), "sk-left");
    const aMinuteAgo = Date.now() / 1000 - 61;
    for (const name of [old, ".auth.json.backup"]) fs.utimesSync(join(home, name), aMinuteAgo, aMinuteAgo);
    await saveDocument(store(), apiKeyDocument("sk-one"));
    assert.deepEqual(fs.readdirSync(home).sort(), [".auth.json.backup", young, "auth.json"].sort());
  });
});
