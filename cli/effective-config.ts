// The configuration as a command line and the files below it make it; what is odd about them is told on
// stderr, each thing once.

import type { Command } from "commander";
import type { FlagOverrides } from "../agent/config/flags.ts";
import type { ConfigRequest, LoadedConfig } from "../agent/config/load.ts";
import { AgentError } from "../agent/errors.ts";
import type { Session } from "./command.ts";
import { warnOn } from "./notices.ts";
import { collectOverrides, isStrictConfig } from "./options/config-options.ts";
import { sessionFlags } from "./options/session-options.ts";
import { workingDirectory } from "./working-directory.ts";

/** What loadConfig wants to know of a command line. */
export function configRequest(
  command: Command,
  session: Session,
  flags: FlagOverrides = sessionFlags(command),
): ConfigRequest {
  const told = new Set<string>();
  const warn = warnOn(session.stderr);
  return {
    environment: session.environment,
    cwd: workingDirectory(),
    overrides: collectOverrides(command),
    flags,
    isStrict: isStrictConfig(command),
    warn: (message) => {
      if (told.has(message)) return;
      told.add(message);
      warn(message);
    },
  };
}

/**
 * @param flags - those of the command itself, where nothing else is said
 * @throws AgentError
 */
export async function loadEffectiveConfig(
  command: Command,
  session: Session,
  flags?: FlagOverrides,
): Promise<LoadedConfig> {
  const { loadConfig } = await import("../agent/config/load.ts");
  return loadConfig(configRequest(command, session, flags));
}

/** @returns what the original prints, without `Error: `, where an argument of -c is none */
export function overrideRefusal(error: unknown): string | undefined {
  if (!(error instanceof AgentError) || !error.code.startsWith("CONFIG_OVERRIDE_")) return undefined;
  return `Error parsing -c overrides: ${error.message}`;
}

/** Flags before the subcommand, which most commands leave to the terminal interface. */
export function programFlags(command: Command): FlagOverrides {
  return command.parent === null ? sessionFlags(command) : programFlags(command.parent);
}
