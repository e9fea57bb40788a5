// What a model is told before anything else: how to work here, with the tools that it is offered and no
// others. Which of two texts it opens with is the model's trait; the rest depends on the tools.

import type { Config } from "../config/config.ts";
import { modelTraits } from "../models/models.ts";
import { type PromptName, promptText } from "./prompt-text.ts";

type Settings = Pick<Config, "model" | "experimentalInstructions">;

/**
 * The `instructions` of a request: those of the file that the configuration names, or ours.
 *
 * @param toolNames - names of the tools that are offered in the same request
 */
export function baseInstructions(
  { model, experimentalInstructions }: Settings,
  toolNames: readonly string[],
): string {
  if (experimentalInstructions !== undefined) return experimentalInstructions;
  return sections(model, new Set(toolNames)).map(promptText).join("\n\n");
}

function sections(model: string, offered: ReadonlySet<string>): readonly PromptName[] {
  const { instructions, mayCallToolsInParallel } = modelTraits(model);
  const commands = commandSection(offered);
  const hasPatchTool = offered.has("apply_patch");
  const canChange = commands !== undefined || hasPatchTool;
  const wanted: readonly (readonly [name: PromptName, isWanted: boolean])[] = [
    [instructions, true],
    ["ground-rules", true],
    ["agents-files", true],
    [commands ?? "commands-shell", commands !== undefined],
    ["parallel", mayCallToolsInParallel && offered.size > 0],
    ["patch-tool", hasPatchTool],
    ["patch-in-shell", !hasPatchTool && commands !== undefined],
    ["plan", offered.has("update_plan")],
    ["pictures", offered.has("view_image")],
    ["permissions", canChange],
    // The service's own shell has no place for such a wish.
    ["escalation", commands !== undefined && commands !== "commands-local-shell"],
    ["answers", true],
  ];
  return wanted.filter(([, isWanted]) => isWanted).map(([name]) => name);
}

function commandSection(offered: ReadonlySet<string>): PromptName | undefined {
  if (offered.has("exec_command")) return "commands-sessions";
  if (offered.has("shell")) return "commands-shell";
  return offered.has("local_shell") ? "commands-local-shell" : undefined;
}
