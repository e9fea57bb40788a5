// docs/config.md and the schema say the same.

import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { rootFields } from "../../agent/config/schema.ts";
import { configReference } from "../../docs/config-reference.ts";
import { Home } from "../agent/config/home.ts";
import { packageRoot } from "../proxy-process.ts";

test("the tables of docs/config.md are those of the schema (else: node dist/docs/write-config-reference.js docs/config.md)", () => {
  const text = fs.readFileSync(join(packageRoot, "docs/config.md"), "utf8");
  assert.ok(text.includes(configReference()));
});

test("defaults in the reference are those that a configuration without keys has", async () => {
  const home = new Home();
  try {
    const { config } = await home.load();
    const effective: Readonly<Record<string, unknown>> = {
      model: config.model,
      model_provider: config.modelProvider.id,
      approval_policy: config.approvalPolicy,
      sandbox_mode: config.sandboxMode,
      model_reasoning_summary: config.modelReasoningSummary,
      chatgpt_base_url: config.chatgptBaseUrl,
      max_requests_per_turn: config.maxRequestsPerTurn,
      project_doc_max_bytes: config.projectDocMaxBytes,
      project_doc_fallback_filenames: config.projectDocFallbackFilenames,
      cli_auth_credentials_store: config.cliAuthCredentialsStore,
      mcp_oauth_credentials_store: config.mcpOauthCredentialsStore,
      hide_agent_reasoning: config.hideAgentReasoning,
      show_raw_agent_reasoning: config.showRawAgentReasoning,
      file_opener: config.fileOpener,
      disable_paste_burst: config.disablePasteBurst,
      check_for_update_on_startup: config.checkForUpdateOnStartup,
    };
    const documented = Object.fromEntries(
      Object.entries(rootFields)
        .filter(([key]) => !["oss_provider", "openai_base_url"].includes(key)) // of providers, when they are asked for
        .flatMap(([key, { fallback }]) => (fallback === undefined ? [] : [[key, JSON.parse(fallback)]])),
    );
    assert.deepEqual(documented, effective);
  } finally {
    home.remove();
  }
});
