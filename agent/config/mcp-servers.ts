// [mcp_servers]: each is a program or an address, which the schema has already told apart.

import type { McpServer, TomlTable } from "./config.ts";
import { isTable } from "./toml.ts";
import { booleanOf, integerOf, numberOf, stringMapOf, stringOf, stringsOf, tableOf } from "./typed.ts";

/**
 * @param root - a checked tree
 * @param warn - told of servers that no tool name can be made for
 */
export function mcpServers(root: TomlTable, warn: (message: string) => void): readonly McpServer[] {
  const servers: McpServer[] = [];
  for (const [name, table] of Object.entries(tableOf(root, "mcp_servers"))) {
    if (/^[a-zA-Z0-9_-]+$/.test(name)) servers.push(serverOf(name, table as TomlTable));
    else {
      warn(`MCP server ${JSON.stringify(name)} is left out: its name must match ^[a-zA-Z0-9_-]+$`);
    }
  }
  return servers;
}

function serverOf(name: string, table: TomlTable): McpServer {
  const enabledTools = stringsOf(table, "enabled_tools");
  const disabledTools = stringsOf(table, "disabled_tools");
  const common = {
    name,
    enabled: booleanOf(table, "enabled") ?? true,
    startupTimeoutMs:
      milliseconds(numberOf(table, "startup_timeout_sec")) ??
      integerOf(table, "startup_timeout_ms") ??
      10_000,
    toolTimeoutMs: milliseconds(numberOf(table, "tool_timeout_sec")) ?? 60_000,
    ...(enabledTools === undefined ? {} : { enabledTools }),
    ...(disabledTools === undefined ? {} : { disabledTools }),
  };
  const command = stringOf(table, "command");
  if (command === undefined) {
    const bearerTokenEnvVar = stringOf(table, "bearer_token_env_var");
    return {
      ...common,
      transport: "http",
      url: stringOf(table, "url") ?? "",
      ...(bearerTokenEnvVar === undefined ? {} : { bearerTokenEnvVar }),
      httpHeaders: stringMapOf(table, "http_headers"),
      envHttpHeaders: stringMapOf(table, "env_http_headers"),
    };
  }
  const cwd = stringOf(table, "cwd");
  return {
    ...common,
    transport: "stdio",
    command,
    args: stringsOf(table, "args") ?? [],
    env: stringMapOf(table, "env"),
    envVars: passedOn(table),
    ...(cwd === undefined ? {} : { cwd }),
  };
}

/** Later versions may write a table with a name where earlier ones have the name. */
function passedOn(table: TomlTable): readonly string[] {
  const listed = table.env_vars;
  if (!Array.isArray(listed)) return [];
  const names = listed.map((entry) => (isTable(entry) ? entry.name : entry));
  return names.filter((name) => typeof name === "string");
}

function milliseconds(seconds: number | undefined): number | undefined {
  if (seconds === undefined || !Number.isFinite(seconds) || seconds < 0) return undefined;
  return Math.min(Math.round(seconds * 1000), 2 ** 31 - 1);
}
