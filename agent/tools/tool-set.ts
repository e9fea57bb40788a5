// The tools of a thread: which of them its model is offered, and in which order.

import type { Config } from "../config/config.ts";
import type { ModelTraits } from "../models/models.ts";
import { applyPatchTool } from "./apply-patch/apply-patch-tool.ts";
import { patchInterceptor } from "./apply-patch/intercept.ts";
import { execCommandTools } from "./exec-command/exec-command.ts";
import { shellTool } from "./shell/shell.ts";
import type { Tool, ToolSet } from "./tool.ts";
import { updatePlanTool } from "./update-plan/update-plan.ts";
import { viewImageTool } from "./view-image/view-image.ts";
import { webSearchTool } from "./web-search/web-search.ts";

export interface ToolSetRequest {
  readonly config: Pick<Config, "features">;
  readonly traits: Pick<ModelTraits, "shellTool" | "shellOutput" | "applyPatchTool">;
  /** behind all others, sorted by name: those of MCP servers; one that has a name of ours is left out */
  readonly extraTools?: readonly Tool[];
}

/** Put together what a model is offered. */
export function toolSet({ config, traits, extraTools = [] }: ToolSetRequest): ToolSet {
  const isOn = (feature: string) => config.features.isEnabled(feature);
  const patchForm = traits.applyPatchTool ?? (isOn("apply_patch_freeform") ? "freeform" : undefined);
  // Whoever writes patches as text reads results as text.
  const form = patchForm === "freeform" ? "text" : traits.shellOutput;
  const sorted = [...extraTools].sort((one, other) => (one.names[0] < other.names[0] ? -1 : 1));
  const interceptPatch = patchInterceptor(form);
  // The one feature puts terminals beside the shell, the other in its place.
  const hasShell = !isOn("streamable_shell");
  const terminals = isOn("unified_exec") || !hasShell ? execCommandTools({ interceptPatch }) : undefined;
  const tools = withoutRepeatedNames([
    ...(terminals?.tools ?? []),
    ...(hasShell ? [shellTool({ form, offeredAs: traits.shellTool, interceptPatch })] : []),
    updatePlanTool,
    ...(patchForm === undefined ? [] : [applyPatchTool(patchForm, form)]),
    ...(isOn("web_search_request") ? [webSearchTool] : []),
    ...(isOn("view_image_tool") ? [viewImageTool] : []),
    ...sorted,
  ]);
  return { tools, close: async () => terminals?.close() };
}

/** The tools whose names nobody before them has: a second of the same name could stand in for the first. */
function withoutRepeatedNames(tools: readonly Tool[]): readonly Tool[] {
  const taken = new Set<string>();
  return tools.filter(({ names }) => {
    if (names.some((name) => taken.has(name))) return false;
    for (const name of names) taken.add(name);
    return true;
  });
}
