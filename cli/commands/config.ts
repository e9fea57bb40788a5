// `codex config`: what the configuration comes to, where each value came from, and where the file is.

import { join } from "node:path";
import type { Command } from "commander";
import { resolveCodexHome } from "../../agent/codex-home.ts";
import type { TomlValue } from "../../agent/config/config.ts";
import type { Setting } from "../../agent/config/effective.ts";
import type { Session } from "../command.ts";
import { configRequest, programFlags } from "../effective-config.ts";
import { addSessionOptions, sessionFlags } from "../options/session-options.ts";

/** Add show and path. */
export function configure(command: Command, session: Session): void {
  addSessionOptions(
    command
      .command("show")
      .summary("Print the configuration in force")
      .description("Print the configuration in force as TOML. Values that are secrets are masked")
      .option("--origins", "Say where each value came from")
      .option("--json", "Print JSON; with --origins a list of key, value and origin"),
  ).action(async (options: { readonly origins?: true; readonly json?: true }, show: Command) => {
    const { loadConfig } = await import("../../agent/config/load.ts");
    const { effectiveSettings, originText } = await import("../../agent/config/effective.ts");
    const { documentText } = await import("../../agent/config/document-text.ts");
    // In front of the subcommand too: here they are asked about, wherever they stand.
    const flags = { ...programFlags(show), ...sessionFlags(show) };
    const loaded = await loadConfig(configRequest(show, session, flags));
    const settings = await effectiveSettings(loaded, flags, session.environment, options.origins === true);
    if (options.json) {
      const shown = options.origins ? listed(settings) : nested(settings);
      session.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
      return;
    }
    session.stdout.write(
      documentText(settings, ({ origin }) => (options.origins ? originText(origin) : undefined)),
    );
  });

  command
    .command("path")
    .summary("Print where config.toml is, or would be")
    .description("Print the path of config.toml, whether or not there is one")
    .action(async () => {
      session.stdout.write(`${join(await resolveCodexHome(session.environment), "config.toml")}\n`);
    });
}

function listed(settings: readonly Setting[]): unknown {
  return settings.map(({ path, value, origin }) => ({ key: path, value: jsonValue(value), origin }));
}

function nested(settings: readonly Setting[]): unknown {
  const root: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const { path, value } of settings) {
    let table = root;
    for (const key of path.slice(0, -1)) {
      const inner = (table[key] ?? Object.create(null)) as Record<string, unknown>;
      table[key] = inner;
      table = inner;
    }
    table[path.at(-1) ?? ""] = jsonValue(value);
  }
  return root;
}

/** JSON has no integers beyond what a number holds, no dates and no infinity: those become strings. */
function jsonValue(value: TomlValue): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(jsonValue);
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, jsonValue(member)]));
}
