// The body of a request, with its members in the order in which the original sends them.

import type { Config } from "../config/config.ts";
import { modelTraits } from "../models/models.ts";
import type { InputItem } from "./items.ts";

/** What the model is asked. */
export interface Prompt {
  readonly instructions: string;
  readonly input: readonly InputItem[];
  /** schemas of tools; none are offered where it is empty */
  readonly tools: readonly Readonly<Record<string, unknown>>[];
  readonly mayCallToolsInParallel: boolean;
  /** JSON schema of the last message */
  readonly outputSchema?: unknown;
}

export type RequestSettings = Pick<
  Config,
  | "model"
  | "modelReasoningEffort"
  | "modelReasoningSummary"
  | "modelSupportsReasoningSummaries"
  | "modelVerbosity"
>;

/** Whether `reasoning` is part of a request. */
export function asksForReasoning(settings: RequestSettings): boolean {
  return settings.modelSupportsReasoningSummaries ?? modelTraits(settings.model).reasons;
}

/**
 * @param conversationId - a UUID, by which the service finds what it has cached of the conversation
 * @param stores - whether the service keeps the answer (Azure)
 */
export function requestBody(
  settings: RequestSettings,
  prompt: Prompt,
  conversationId: string,
  stores: boolean,
): Readonly<Record<string, unknown>> {
  const reasoning = reasoningOf(settings);
  const text = textOf(settings, prompt);
  return {
    model: settings.model,
    instructions: prompt.instructions,
    input: prompt.input,
    tools: prompt.tools,
    tool_choice: "auto",
    parallel_tool_calls: prompt.mayCallToolsInParallel,
    reasoning,
    store: stores,
    stream: true,
    include: reasoning === null ? [] : ["reasoning.encrypted_content"],
    prompt_cache_key: conversationId,
    ...(text !== undefined && { text }),
  };
}

function reasoningOf(settings: RequestSettings) {
  if (!asksForReasoning(settings)) return null;
  const { modelReasoningSummary: summary } = settings;
  const effort = settings.modelReasoningEffort ?? modelTraits(settings.model).defaultEffort;
  return { ...(effort !== undefined && { effort }), ...(summary !== "none" && { summary }) };
}

function textOf({ model, modelVerbosity }: RequestSettings, { outputSchema }: Prompt) {
  const { takesVerbosity, defaultVerbosity } = modelTraits(model);
  const verbosity = takesVerbosity ? (modelVerbosity ?? defaultVerbosity) : undefined;
  if (verbosity === undefined && outputSchema === undefined) return undefined;
  return {
    ...(verbosity !== undefined && { verbosity }),
    ...(outputSchema !== undefined && {
      format: { type: "json_schema", strict: true, schema: outputSchema, name: "codex_output_schema" },
    }),
  };
}
