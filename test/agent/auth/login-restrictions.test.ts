import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AuthDocument } from "../../../agent/auth/auth-document.ts";
import { enforceLoginRestrictions } from "../../../agent/auth/login-restrictions.ts";
import { startMockIssuer, unsignedJwt } from "../../mock/issuer.ts";

const apiKey: AuthDocument = { OPENAI_API_KEY: "sk-one" };
const chatgptOf = (claims: Record<string, unknown>): AuthDocument => ({
  OPENAI_API_KEY: null,
  tokens: {
    id_token: unsignedJwt({ "https://api.openai.com/auth": claims }),
    access_token: "at",
    refresh_token: "rt",
  },
});
const chatgpt = chatgptOf({ chatgpt_account_id: "workspace-1" });
const accessToken: AuthDocument = { OPENAI_API_KEY: null, personal_access_token: "at-good" };

async function enforce(
  document: AuthDocument | undefined,
  rules: { forcedLoginMethod?: "api" | "chatgpt"; forcedChatgptWorkspaceIds?: readonly string[] },
  environment: Record<string, string> = {},
): Promise<{ message: string | undefined; isRemoved: boolean }> {
  let isRemoved = false;
  const outcome = enforceLoginRestrictions(
    { codexHome: "/nonexistent", cliAuthCredentialsStore: "file", ...rules },
    environment,
    {
      usesApiKeyVariable: true,
      warn: () => {},
      credentialStore: {
        load: async () => document,
        beginSave: () => Promise.reject(new Error("nothing is written")),
        remove: async () => {
          isRemoved = true;
          return true;
        },
      },
    },
  );
  const message = await outcome.then(
    () => undefined,
    (error: Error) => error.message,
  );
  return { message, isRemoved };
}

describe("a stored login", () => {
  const isAllowed = { message: undefined, isRemoved: false };
  for (const [what, document, rules, environment] of [
    ["of any kind without a rule", apiKey, {}, {}],
    ["that is none", undefined, { forcedLoginMethod: "api", forcedChatgptWorkspaceIds: ["w"] }, {}],
    ["by key where a key is wanted", apiKey, { forcedLoginMethod: "api" }, {}],
    ["by key where only a workspace is wanted", apiKey, { forcedChatgptWorkspaceIds: ["w"] }, {}],
    ["with ChatGPT where that is wanted", chatgpt, { forcedLoginMethod: "chatgpt" }, {}],
    ["of the workspace that is wanted", chatgpt, { forcedChatgptWorkspaceIds: ["workspace-1"] }, {}],
    ["of one of them", chatgpt, { forcedChatgptWorkspaceIds: ["workspace-2", "workspace-1"] }, {}],
    [
      "with ChatGPT beside a key in CODEX_API_KEY",
      chatgpt,
      { forcedLoginMethod: "api" },
      { CODEX_API_KEY: "sk" },
    ],
  ] as const) {
    test(`stays: ${what}`, async () => {
      assert.deepEqual(await enforce(document, rules, environment as Record<string, string>), isAllowed);
    });
  }

  for (const [what, document, rules, message] of [
    [
      "with ChatGPT where a key is wanted",
      chatgpt,
      { forcedLoginMethod: "api" },
      "API key login is required, but ChatGPT is currently being used. Logging out.",
    ],
    [
      "by an access token where a key is wanted",
      accessToken,
      { forcedLoginMethod: "api" },
      "API key login is required, but ChatGPT is currently being used. Logging out.",
    ],
    [
      "by key where ChatGPT is wanted",
      apiKey,
      { forcedLoginMethod: "chatgpt" },
      "ChatGPT login is required, but an API key is currently being used. Logging out.",
    ],
    [
      "of another workspace",
      chatgpt,
      { forcedChatgptWorkspaceIds: ["workspace-2"] },
      "Login is restricted to workspace workspace-2, but current credentials belong to workspace-1. Logging out.",
    ],
    [
      "of another workspace, whose name would steer a terminal",
      chatgptOf({ chatgpt_account_id: "x\u001b[2J\u202ey" }),
      { forcedChatgptWorkspaceIds: ["workspace-2"] },
      "Login is restricted to workspace workspace-2, but current credentials belong to x [2J y. Logging out.",
    ],
    [
      "of none of several workspaces",
      chatgpt,
      { forcedChatgptWorkspaceIds: ["workspace-2", "workspace-3"] },
      "Login is restricted to workspace(s) workspace-2, workspace-3, but current credentials belong to workspace-1. Logging out.",
    ],
    [
      "of no workspace",
      chatgptOf({}),
      { forcedChatgptWorkspaceIds: ["workspace-2"] },
      "Login is restricted to workspace workspace-2, but current credentials lack a workspace identifier. Logging out.",
    ],
  ] as const) {
    test(`is removed, and that is said: ${what}`, async () => {
      assert.deepEqual(await enforce(document, rules), { message, isRemoved: true });
    });
  }

  test("by an access token belongs to the workspace that the issuer names; without an answer it stays", async () => {
    const issuer = await startMockIssuer({ accountId: "workspace-1" });
    const environment = { CODEX_AUTHAPI_BASE_URL: issuer.url };
    const rules = { forcedChatgptWorkspaceIds: ["workspace-1"] };
    assert.deepEqual(await enforce(accessToken, rules, environment), isAllowed);
    const other = await enforce(accessToken, { forcedChatgptWorkspaceIds: ["workspace-2"] }, environment);
    assert.equal(other.isRemoved, true);
    await issuer.close();
    const unknown = await enforce(accessToken, rules, environment);
    assert.equal(unknown.isRemoved, false);
    assert.match(unknown.message ?? "", /cannot be reached/);
  });
});
