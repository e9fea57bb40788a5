import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { apiKeyDocument } from "../../../agent/auth/auth-document.ts";
import { openCredentialStore, saveDocument } from "../../../agent/auth/credential-store.ts";
import type { KeyringEntry } from "../../../agent/auth/keyring-store.ts";
import type { CredentialsStore } from "../../../agent/config/config.ts";

const keyringProcess = fileURLToPath(new URL("keyring-process.js", import.meta.url));

describe("the keyring", () => {
  let home: string;
  let passwords: Map<string, string>;
  let failsAt: "nothing" | "open" | "write";
  const warnings: string[] = [];

  beforeEach(() => {
    home = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "codex-auth-")));
    passwords = new Map();
    failsAt = "nothing";
    warnings.length = 0;
  });
  afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

  async function openEntry(service: string, account: string): Promise<KeyringEntry> {
    if (failsAt === "open") throw new Error("no secret service");
    const name = `${service}/${account}`;
    return {
      getPassword: async () => passwords.get(name) ?? null,
      setPassword: async (password) => {
        if (failsAt === "write") throw new Error("it is full");
        passwords.set(name, password);
      },
      deletePassword: async () => passwords.delete(name),
    };
  }
  const open = (store: CredentialsStore) =>
    openCredentialStore({ codexHome: home, store, openEntry, warn: (message) => warnings.push(message) });
  const entryName = () => `Codex Auth/cli|${createHash("sha256").update(home).digest("hex").slice(0, 16)}`;

  for (const store of ["keyring", "auto"] as const) {
    test(`has the login under the original's name, and no file beside it: ${store}`, async () => {
      fs.writeFileSync(join(home, "auth.json"), '{"OPENAI_API_KEY":"sk-old"}');
      await saveDocument(open(store), apiKeyDocument("sk-new"));
      assert.deepEqual([...passwords], [[entryName(), '{"OPENAI_API_KEY":"sk-new"}']]);
      assert.deepEqual(fs.readdirSync(home), []);
      assert.deepEqual(await open(store).load(), { OPENAI_API_KEY: "sk-new" });
      assert.deepEqual([await open(store).remove(), await open(store).remove()], [true, false]);
    });
  }

  test("that is missing is an error with a hint where it was asked for, and a file where it was not", async () => {
    failsAt = "open";
    const expected = {
      code: "AUTH_KEYRING_UNAVAILABLE",
      message: "the keyring cannot be used",
      hint: 'start a Secret Service (like gnome-keyring), or set cli_auth_credentials_store = "file"',
    };
    const keyring = open("keyring");
    await assert.rejects(keyring.load(), expected);
    await assert.rejects(keyring.beginSave(), expected);
    await assert.rejects(keyring.remove(), expected);
    assert.deepEqual(fs.readdirSync(home), []);
    const auto = open("auto");
    assert.equal(await auto.load(), undefined);
    await saveDocument(auto, apiKeyDocument("sk-one"));
    assert.deepEqual(await auto.load(), { OPENAI_API_KEY: "sk-one" });
    assert.equal(await auto.remove(), true);
  });

  test("that does not take a login leaves it to the file, and says so", async () => {
    failsAt = "write";
    await saveDocument(open("auto"), apiKeyDocument("sk-one"));
    assert.deepEqual(JSON.parse(fs.readFileSync(join(home, "auth.json"), "utf8")), {
      OPENAI_API_KEY: "sk-one",
    });
    assert.deepEqual(warnings, ["the keyring did not take the login: it is kept in auth.json"]);
  });

  test("with a malformed entry is an error that does not show it", async () => {
    passwords.set(entryName(), "sk-secret {");
    await assert.rejects(open("keyring").load(), {
      code: "AUTH_FILE_MALFORMED",
      message: "the keyring's entry is malformed: it is not JSON",
    });
  });

  const tools = ["dbus-run-session", "gnome-keyring-daemon"];
  const missing = tools.filter((tool) => spawnSync("which", [tool]).status !== 0);
  const skip = missing.length === 0 ? false : `SKIPPED: ${missing.join(" and ")} missing here`;
  if (skip !== false) console.error(`# ${skip}`);

  test("of a real Secret Service keeps a login, and gives it to another process", { skip }, () => {
    const script =
      'printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null && "$@" save && "$@" load && "$@" remove && "$@" load';
    const output = execFileSync(
      "dbus-run-session",
      ["--", "sh", "-c", script, "sh", process.execPath, keyringProcess, home],
      {
        env: { PATH: process.env.PATH, HOME: home, XDG_RUNTIME_DIR: home },
        encoding: "utf8",
        timeout: 60_000,
      },
    );
    assert.deepEqual(output.trim().split("\n"), [
      "saved",
      'loaded {"OPENAI_API_KEY":"sk-in-the-keyring"}',
      "removed true",
      "loaded nothing",
    ]);
    assert.ok(!fs.existsSync(join(home, "auth.json")));
  });

  test("of a machine without a session bus is an error, not the kernel's forgetful keyring", () => {
    const run = spawnSync(process.execPath, [keyringProcess, home, "save"], {
      env: { PATH: process.env.PATH, HOME: home, DBUS_SESSION_BUS_ADDRESS: "unix:path=/nonexistent" },
      encoding: "utf8",
      timeout: 60_000,
    });
    assert.equal(run.stdout.trim(), "AUTH_KEYRING_UNAVAILABLE");
  });
});
