// `codex features`: which features there are and which are on, and switching them in config.toml.

import type { Command } from "commander";
import type { FeatureSet } from "../../agent/features/feature-set.ts";
import { type Feature, features, laterFeatures } from "../../agent/features/registry.ts";
import type { Session } from "../command.ts";
import { loadEffectiveConfig, programFlags } from "../effective-config.ts";

/** Add list, enable and disable. */
export function configure(command: Command, session: Session): void {
  command
    .command("list")
    .summary("List known features with their stage and effective state")
    .description("List known features with their stage and effective state")
    .option("--all", "Features of later versions too, which change nothing here")
    .action(async ({ all }: { readonly all?: true }, list: Command) => {
      // -p and --search before the subcommand count here, as in the original.
      const { config } = await loadEffectiveConfig(list, session, programFlags(list));
      session.stdout.write(listing(features, config.features, ""));
      if (all) session.stdout.write(listing(laterFeatures, config.features, "\tno effect in this version"));
    });
}

function listing(shown: readonly Feature[], state: FeatureSet, note: string): string {
  return shown.map(({ key, stage }) => `${key}\t${stage}\t${state.isEnabled(key)}${note}\n`).join("");
}
