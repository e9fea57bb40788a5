// The options that every command of the program takes, and what they come to: edits of the configuration
// in the order in which they are made.

import { type Command, Option } from "commander";
import { repeatable } from "../arguments/option-traits.ts";

/** Add -c, --enable, --disable and --strict-config, unless the command has them already. */
export function addConfigOptions(command: Command): Command {
  if (command.options.some((option) => option.long === "--config")) return command;
  return command
    .addOption(
      repeatable(
        "-c, --config <key=value>",
        "Set a key of config.toml for this call. The key may be a path with dots (`tools.web_search`); " +
          "the value is read as TOML, and as plain text where it is none: `-c model=o3`, `-c 'notify=[\"say\"]'`",
      ),
    )
    .addOption(
      repeatable("--enable <FEATURE>", "Switch a feature on, as `-c features.FEATURE=true`; repeatable"),
    )
    .addOption(
      repeatable("--disable <FEATURE>", "Switch a feature off, as `-c features.FEATURE=false`; repeatable"),
    )
    .addOption(new Option("--strict-config", "Refuse keys of config.toml that are not known"));
}

interface ConfigValues {
  readonly config?: readonly string[];
  readonly enable?: readonly string[];
  readonly disable?: readonly string[];
  readonly strictConfig?: boolean;
}

function levelsOf(command: Command): ConfigValues[] {
  const outer = command.parent === null ? [] : levelsOf(command.parent);
  return [...outer, command.opts<ConfigValues>()];
}

/** Names given with --enable and --disable, for whoever checks that they exist. */
export function namedFeatures(command: Command): string[] {
  return levelsOf(command).flatMap(({ enable = [], disable = [] }) => [...enable, ...disable]);
}

/**
 * The overrides in force for a command, as raw `key=value`: those of -c from the program's level inwards,
 * so that the subcommand's win; then what --enable, then what --disable says, wherever they stand.
 */
export function collectOverrides(command: Command): string[] {
  const levels = levelsOf(command);
  return [
    ...levels.flatMap(({ config = [] }) => config),
    ...levels.flatMap(({ enable = [] }) => enable.map((name) => `features.${name}=true`)),
    ...levels.flatMap(({ disable = [] }) => disable.map((name) => `features.${name}=false`)),
  ];
}

/** Whether --strict-config was given at any level. */
export function isStrictConfig(command: Command): boolean {
  return levelsOf(command).some(({ strictConfig }) => strictConfig === true);
}
