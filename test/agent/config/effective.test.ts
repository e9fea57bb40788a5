// Where every value came from, and what is not shown of it.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { documentText } from "../../../agent/config/document-text.ts";
import { effectiveSettings, originText } from "../../../agent/config/effective.ts";
import { parseToml } from "../../../agent/config/toml.ts";
import { Home, type LoadRequest } from "./home.ts";

let home: Home;
beforeEach(() => {
  home = new Home();
});
afterEach(() => home.remove());

/** @returns the value and the origin of each key that is asked for */
async function shown(request: LoadRequest, ...keys: readonly string[]): Promise<Record<string, unknown>> {
  const loaded = await home.load(request);
  const settings = await effectiveSettings(loaded, request.flags ?? {}, request.environment ?? {}, true);
  return Object.fromEntries(
    keys.map((key) => {
      const found = settings.find(({ path }) => path.join(".") === key);
      return [key, found && [found.value, originText(found.origin).replaceAll(home.path, "HOME")]];
    }),
  );
}

test("every kind of origin is told, and the strongest is the one that counts", async () => {
  home.write(`model = "a"
model_verbosity = "low"
sandbox_mode = "read-only"
[profiles.p]
model = "o3"
features = { web_search = true }
[tools]
view_image = false
[features]
rmcp_client = true
`);
  assert.deepEqual(
    await shown(
      {
        flags: { profile: "p", sandboxMode: "workspace-write", addDirs: ["/d"] },
        overrides: ["model=b", "history.persistence=none", "features.unified_exec=true"],
        environment: { OPENAI_BASE_URL: "http://h/v1", CODEX_PROXY: "unix:/s" },
      },
      "model",
      "model_verbosity",
      "sandbox_mode",
      "sandbox_workspace_write.writable_roots",
      "history.persistence",
      "review_model",
      "proxy",
      "model_providers.openai.base_url",
      "features.unified_exec",
      "features.web_search_request",
      "features.view_image_tool",
      "features.rmcp_client",
      "features.streamable_shell",
    ),
    {
      model: ["o3", "profile p, HOME/config.toml:5"],
      model_verbosity: ["low", "HOME/config.toml:2"],
      sandbox_mode: ["workspace-write", "--sandbox"],
      "sandbox_workspace_write.writable_roots": [["/d"], "--add-dir"],
      "history.persistence": ["none", "-c history.persistence=none"],
      review_model: ["o3", "default"],
      proxy: ["unix:/s", "environment, CODEX_PROXY"],
      "model_providers.openai.base_url": ["http://h/v1", "environment, OPENAI_BASE_URL"],
      "features.unified_exec": [true, "-c features.unified_exec=true"],
      "features.web_search_request": [true, "profile p, HOME/config.toml:6"],
      "features.view_image_tool": [false, "HOME/config.toml:8"],
      "features.rmcp_client": [true, "HOME/config.toml:10"],
      "features.streamable_shell": [false, "default"],
    },
  );
});

test("the sandbox of a trusted project says whom it owes it to", async () => {
  home.write(`[projects."${home.work}"]\ntrust_level = "trusted"\n`);
  assert.deepEqual(await shown({}, "sandbox_mode"), {
    sandbox_mode: ["workspace-write", `default of a trusted project, ${home.work}`],
  });
});

test("no secret is printed, wherever it stands", async () => {
  const secret = "s3cr3t-value";
  home.write(`
proxy = "http://user:${secret}@h"
openai_api_key = "${secret}"
notify = ["say", "sk-${secret}"]
model_provider = "m"
[model_providers.m]
name = "m"
base_url = "https://u:${secret}@h/v1"
experimental_bearer_token = "${secret}"
query_params = { api-key = "${secret}", v = "1" }
http_headers = { A = "${secret}" }
[mcp_servers.s]
command = "c"
env = { X = "${secret}" }
[mcp_servers.h]
url = "http://h"
http_headers = { A = "${secret}" }
[shell_environment_policy.set]
X = "${secret}"
[otel.exporter.otlp-http.headers]
x-h = "${secret}"
[hooks.x]
token = "${secret}"
`);
  const overrides = [
    `model_providers.m.http_headers.B=${secret}`,
    `model_providers.n={ name = "n", http_headers = { A = "${secret}" } }`,
  ];
  const loaded = await home.load({ overrides });
  const settings = await effectiveSettings(loaded, {}, {}, true);
  const text =
    documentText(settings, ({ origin }) => originText(origin)) +
    JSON.stringify(settings.map(({ origin }) => origin));
  assert.ok(!text.includes(secret), text);
  assert.match(text, /^experimental_bearer_token = "\*\*\*\*\*"/m);
  assert.match(text, /^v = "1"/m);
});

test("keys in arguments and addresses are masked, and what stands beside them is not", async () => {
  const secret = "s3cr3t-value";
  home.write(`model_provider = "m"
notify = ["curl", "-H", "Authorization: Bearer ${secret}", "https://u:${secret}@h/x", "--model", "x"]
[model_providers.m]
name = "M"
base_url = "https://h/v1?api-key=${secret}&api-version=2025"
query_params = { api-version = "1", sig = "${secret}" }
[mcp_servers.s]
command = "npx"
args = ["-y", "@x/y@1", "--api-key", "${secret}", "--token=${secret}", "--max-tokens", "5", "ghp_0123456789"]
[mcp_servers.t]
url = "https://h/mcp?token=${secret}"
`);
  const settings = await effectiveSettings(await home.load(), {}, {}, true);
  const shown = Object.fromEntries(settings.map(({ path, value }) => [path.join("."), value]));
  assert.ok(!JSON.stringify(Object.values(shown).map(String)).includes(secret));
  assert.deepEqual(
    [
      shown.notify,
      shown["model_providers.m.base_url"],
      shown["mcp_servers.s.args"],
      shown["mcp_servers.t.url"],
    ],
    [
      ["curl", "-H", "Authorization: Bearer *****", "https://u:*****@h/x", "--model", "x"],
      "https://h/v1?api-key=*****&api-version=2025",
      ["-y", "@x/y@1", "--api-key", "*****", "--token=*****", "--max-tokens", "5", "*****"],
      "https://h/mcp?token=*****",
    ],
  );
  home.write(`[mcp_servers.s]\ncommand = "npx"\nargs = "--api-key ${secret} x"\n`);
  assert.match(
    (await home.refusal()).message,
    /^invalid type: string "--api-key \*\*\*\*\* x", expected a sequence\n/,
  );
});

test("what is printed is TOML that says the same again", async () => {
  home.write(`model = "a\\u0007b"
[mcp_servers.s]
command = "c"
args = ["é", "\\"", ""]
startup_timeout_sec = 1e21
[notice]
"a b" = 1979-05-27
big = 9007199254740993
f = 1.0
n = -inf
[history]
max_bytes = 7
`);
  const settings = await effectiveSettings(await home.load(), {}, {}, true);
  const text = documentText(settings, () => undefined);
  const again = new Home();
  try {
    again.write(text);
    const twice = await effectiveSettings(await again.load({ isStrict: true }), {}, {}, true);
    assert.equal(
      documentText(twice, () => undefined),
      text,
    );
    assert.deepEqual(
      { ...(parseToml(text).notice as object) },
      { ...(parseToml(home.read()).notice as object) },
    );
  } finally {
    again.remove();
  }
});

test("a note cannot break out of its comment", async () => {
  const origin = { kind: "override", argument: 'model=x\nsandbox_mode="danger-full-access"' } as const;
  const text = documentText([{ path: ["model"], value: "x", origin }], (setting) =>
    originText(setting.origin),
  );
  assert.deepEqual({ ...parseToml(text) }, { model: "x" });
});
