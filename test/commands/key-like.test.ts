// Which variables exec takes away, and which it leaves.

import assert from "node:assert/strict";
import { test } from "node:test";
import { looksLikeKey, withoutKeys } from "../../proxy/commands/key-like.ts";

// In two pieces: no scanner is to take these for real ones.
const of = (...parts: string[]) => parts.join("");

test("names that say so", () => {
  const names = [
    ...["OPENAI_API_KEY", "AZURE_OPENAI_APIKEY", "ANTHROPIC_API_KEYS", "GITHUB_TOKEN", "npm_config__auth"],
    ...[
      "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
      "ACTIONS_ID_TOKEN_REQUEST_URL",
      "AWS_SECRET_ACCESS_KEY",
      "client_secret",
    ],
    ...["PGPASSWORD", "MYSQL_PWD", "SMTP_PASS", "GH_PAT", "SESSION_COOKIE", "GOOGLE_APPLICATION_CREDENTIALS"],
    ...["DEPLOY_KEY", "VAULT_TOKEN", "CREDENTIALS_DIRECTORY", "JWT", "HTTP_BEARER", "SSH_PRIVATE_KEY"],
  ];
  assert.deepEqual(
    names.filter((name) => !looksLikeKey(name, "x")),
    [],
  );
});

test("values that give it away under any name", () => {
  const values = [
    of("sk-", "proj-0123456789abcdefghij"),
    of("gh", "p_0123456789012345678901234567890123456"),
    of("github", "_pat_0123456789_0123456789abc"),
    of("AK", "IA0123456789ABCDEF"),
    of("xox", "b-0123456789-abc"),
    of("AIza", "0123456789-0123456789-0123456789-01"),
    of("eyJ", "hbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0NTY3ODkwIn0", ".abc"),
    of("-----BEGIN OPENSSH ", "PRIVATE KEY-----\nabc"),
    "postgres://user:password@db/x",
    "redis://:password@db/0",
    "Endpoint=sb://x;SharedAccessKey=abc",
    of('{"a":"', "sk-", '0123456789abcdef0123"}'),
  ];
  assert.deepEqual(
    values.filter((value) => !looksLikeKey("X", value)),
    [],
  );
});

test("what programs need to run stays", () => {
  const harmless = {
    PATH: "/usr/bin:/bin",
    HOME: "/home/user",
    PWD: "/home/user/secrets/sk-learn",
    OLDPWD: "/home/user",
    SSH_AUTH_SOCK: "/run/user/1000/agent",
    XAUTHORITY: "/run/user/1000/xauth",
    MAX_OUTPUT_TOKENS: "4096",
    TOKENIZERS_PARALLELISM: "false",
    KEYBOARD: "us",
    LS_COLORS: "di=01;34:*.pwd=1",
    GITHUB_SHA: "0123456789abcdef0123456789abcdef01234567",
    http_proxy: "http://proxy.example:3128",
    CODEX_HOME: "/home/user/.codex",
    MONKEY: "1",
    EMPTY_TOKEN: "",
  };
  const { rest, removed } = withoutKeys(harmless, new Set());
  assert.deepEqual([removed, rest], [[], harmless]);
});

test("a name to keep is kept, the names of the others are told in order", () => {
  const environment = { Z_TOKEN: "1", A_SECRET: "2", GITHUB_TOKEN: "3", HOME: "/" };
  assert.deepEqual(withoutKeys(environment, new Set(["GITHUB_TOKEN"])), {
    rest: { GITHUB_TOKEN: "3", HOME: "/" },
    removed: ["A_SECRET", "Z_TOKEN"],
  });
});
