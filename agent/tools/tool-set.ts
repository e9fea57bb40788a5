// The tools of a thread: which of them its model is offered, in which order, and which one a call is for.

import type { Config } from "../config/config.ts";
import type { ModelTraits } from "../models/models.ts";
import { applyPatchTool } from "./apply-patch/apply-patch-tool.ts";
import { patchInterceptor } from "./apply-patch/intercept.ts";
import { execCommandTools } from "./exec-command/exec-command.ts";
import { shellTool } from "./shell/shell.ts";
import { type Tool, type ToolCall, ToolFailure, type ToolSet } from "./tool.ts";
import { updatePlanTool } from "./update-plan/update-plan.ts";
import { viewImageTool } from "./view-image/view-image.ts";
import { webSearchTool } from "./web-search/web-search.ts";

export interface ToolSetRequest {
  readonly config: Pick<Config, "features">;
  readonly traits: Pick<ModelTraits, "shellTool" | "shellOutput" | "applyPatchTool">;
  /** behind all others, sorted by name: those of MCP servers */
  readonly extraTools?: readonly Tool[];
}

/** Put together what a model is offered. */
export function toolSet({ config, traits, extraTools = [] }: ToolSetRequest): ToolSet {
  const isOn = (feature: string) => config.features.isEnabled(feature);
  const form = traits.shellOutput;
  const patchForm = traits.applyPatchTool ?? (isOn("apply_patch_freeform") ? "freeform" : undefined);
  const sorted = [...extraTools].sort((one, other) => (one.names[0] < other.names[0] ? -1 : 1));
  const interceptPatch = patchInterceptor(form);
  const terminals = isOn("unified_exec") ? execCommandTools({ interceptPatch }) : undefined;
  const tools: readonly Tool[] = [
    ...(terminals?.tools ?? [shellTool({ form, offeredAs: traits.shellTool, interceptPatch })]),
    updatePlanTool,
    ...(patchForm === undefined ? [] : [applyPatchTool(patchForm, form)]),
    ...(isOn("web_search_request") ? [webSearchTool] : []),
    ...(isOn("view_image_tool") ? [viewImageTool] : []),
    ...sorted,
  ];
  return { tools, close: async () => terminals?.close() };
}

/** What stands in `tools` of a request. */
export function schemasOf({ tools }: ToolSet): readonly Readonly<Record<string, unknown>>[] {
  return tools.flatMap(({ schema }) => (schema === undefined ? [] : [schema]));
}

/**
 * The tool that a call is for; of two with the same name the first.
 *
 * @throws ToolFailure for a name that was not offered
 */
export function findTool({ tools }: ToolSet, { kind, name }: Pick<ToolCall, "kind" | "name">): Tool {
  const found = tools.find(({ names }) => names.includes(name));
  if (found === undefined) {
    throw new ToolFailure(`unsupported ${kind === "custom" ? "custom tool call" : "call"}: ${name}`);
  }
  return found;
}
