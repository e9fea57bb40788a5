// `codex features`: which features there are and which are on, and switching them in config.toml.

import type { Command } from "commander";
import type { FeatureSet } from "../../agent/features/feature-set.ts";
import {
  type Feature,
  features,
  isWithoutEffect,
  laterFeatures,
  requireFeature,
} from "../../agent/features/registry.ts";
import type { Session } from "../command.ts";
import { loadEffectiveConfig, programFlags } from "../effective-config.ts";

/** Add list, enable and disable. */
export function configure(command: Command, session: Session): void {
  describe(command.command("list"), "List known features with their stage and effective state")
    .option("--all", "Features of later versions too, most of which change nothing here")
    .action(async ({ all }: { readonly all?: true }, list: Command) => {
      // -p and --search before the subcommand count here, as in the original.
      const { config } = await loadEffectiveConfig(list, session, programFlags(list));
      session.stdout.write(listing(features, config.features, ""));
      if (!all) return;
      const isIdle = ({ key }: Feature) => isWithoutEffect(key);
      const used = laterFeatures.filter((feature) => !isIdle(feature));
      session.stdout.write(listing(used, config.features, ""));
      session.stdout.write(
        listing(laterFeatures.filter(isIdle), config.features, "\tno effect in this version"),
      );
    });
  addSwitch(describe(command.command("enable"), "Enable a feature in config.toml"), session, true);
  addSwitch(describe(command.command("disable"), "Disable a feature in config.toml"), session, false);
}

function addSwitch(command: Command, session: Session, isOn: boolean): void {
  command
    .argument("<FEATURE>", "Feature key to update (for example: unified_exec)")
    .option("-p, --profile <CONFIG_PROFILE>", "Switch it for a profile of config.toml instead of for all")
    .action(async (name: string, { profile }: { readonly profile?: string }) => {
      const feature = requireFeature(name);
      await switchInFile(feature, isOn, profile ?? programFlags(command).profile, session);
      session.stdout.write(`${isOn ? "Enabled" : "Disabled"} feature \`${feature.key}\` in config.toml.\n`);
      if (isWithoutEffect(feature.key)) {
        const note = `\`${feature.key}\` is a feature of later versions and changes nothing in this one`;
        session.stderr.write(`note: ${note}\n`);
      }
    });
}

/** Only the file counts: -c and profiles in force have no part in what is written. */
async function switchInFile(
  feature: Feature,
  isOn: boolean,
  profile: string | undefined,
  { environment }: Session,
): Promise<void> {
  const [{ resolveCodexHome }, { readConfigFile, requireProfileTable }, { featureEdits }, { editConfig }] =
    await Promise.all([
      import("../../agent/codex-home.ts"),
      import("../../agent/config/config-file.ts"),
      import("../../agent/features/switch.ts"),
      import("../../agent/config/edit.ts"),
    ]);
  const codexHome = await resolveCodexHome(environment);
  const place = profile === undefined ? ["features"] : ["profiles", profile, "features"];
  const tree = await readConfigFile(codexHome, place);
  if (profile !== undefined) await requireProfileTable(codexHome, tree, profile);
  const edits = featureEdits(tree, feature, isOn, profile);
  if (edits.length > 0) await editConfig(codexHome, edits);
}

function describe(command: Command, text: string): Command {
  return command.summary(text).description(text);
}

function listing(shown: readonly Feature[], state: FeatureSet, note: string): string {
  return shown.map(({ key, stage }) => `${key}\t${stage}\t${state.isEnabled(key)}${note}\n`).join("");
}
