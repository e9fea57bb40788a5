// Tables of MCP servers, of both kinds.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Home } from "./home.ts";

let home: Home;
beforeEach(() => {
  home = new Home();
});
afterEach(() => home.remove());

describe("MCP servers", () => {
  test("both shapes are read, timeouts become milliseconds and a name that no tool can carry is left out", async () => {
    home.write(`
[mcp_servers.s]
command = "run"
env = { A = "1" }
env_vars = ["B", { name = "C" }]
startup_timeout_sec = 1.5
[mcp_servers.h]
url = "http://h"
bearer_token_env_var = "T"
startup_timeout_ms = 7
tool_timeout_sec = 2
enabled = false
[mcp_servers."x y"]
command = "run"
`);
    const { config, warnings } = await home.load();
    assert.deepEqual(JSON.parse(JSON.stringify(config.mcpServers)), [
      {
        name: "s",
        enabled: true,
        startupTimeoutMs: 1500,
        toolTimeoutMs: 60_000,
        transport: "stdio",
        command: "run",
        args: [],
        env: { A: "1" },
        envVars: ["B", "C"],
      },
      {
        name: "h",
        enabled: false,
        startupTimeoutMs: 7,
        toolTimeoutMs: 2000,
        transport: "http",
        url: "http://h",
        bearerTokenEnvVar: "T",
        httpHeaders: {},
        envHttpHeaders: {},
      },
    ]);
    assert.deepEqual(warnings, ['MCP server "x y" is left out: its name must match ^[a-zA-Z0-9_-]+$']);
  });
});
