// What is known of models, as data: the first row whose prefix fits. A model that no row knows gets the
// least that every model has. Windows and limits are in tokens.

import type { Config, ReasoningEffort, Verbosity } from "../config/config.ts";

export interface ModelTraits {
  /** takes `reasoning`, and answers with summaries of it */
  readonly reasons: boolean;
  /** the effort that is asked for where the user names none; absent: the service's own */
  readonly defaultEffort?: ReasoningEffort;
  /** takes `text.verbosity` */
  readonly takesVerbosity: boolean;
  /** the verbosity that is asked for where the user names none */
  readonly defaultVerbosity?: Verbosity;
  /** may make several calls in one answer, to be run side by side */
  readonly mayCallToolsInParallel: boolean;
  /** how commands are offered: as a function, or as the service's own `local_shell` */
  readonly shellTool: "shell" | "local_shell";
  /** how the result of a command is written for the model */
  readonly shellOutput: "text" | "json";
  /** absent: patches go through the shell */
  readonly applyPatchTool?: "freeform" | "function";
  /** which of the base prompts it is given: the short one is for models that were trained on such work */
  readonly instructions: "codex" | "general";
  readonly contextWindowTokens?: number;
  /** the history is summarised when it has grown so large */
  readonly autoCompactTokenLimit?: number;
  readonly maxOutputTokens?: number;
}

type Row = Omit<ModelTraits, "autoCompactTokenLimit">;

const unknownModel: Row = {
  reasons: false,
  takesVerbosity: false,
  mayCallToolsInParallel: false,
  shellTool: "shell",
  shellOutput: "json",
  instructions: "general",
};

const reasoning: Row = { ...unknownModel, reasons: true };
const small: Row = { ...reasoning, contextWindowTokens: 200_000, maxOutputTokens: 100_000 };
const large = { contextWindowTokens: 272_000, maxOutputTokens: 128_000 };

const codexWithoutPatches: Row = { ...reasoning, ...large, instructions: "codex" };
const codex: Row = { ...codexWithoutPatches, shellOutput: "text", applyPatchTool: "freeform" };

const parallelCodex: Row = { ...codex, mayCallToolsInParallel: true };

const gpt5: Row = { ...reasoning, ...large, takesVerbosity: true };

// 5.1 and 5.2 are asked for less talk than they would give of themselves.
const gpt51: Row = {
  ...gpt5,
  mayCallToolsInParallel: true,
  shellOutput: "text",
  applyPatchTool: "freeform",
  defaultEffort: "medium",
  defaultVerbosity: "low",
};

// From 5.3 on there is one line of models, trained on such work.
const current: Row = { ...gpt51, instructions: "codex" };
const quick: Row = { ...current, defaultEffort: "low" };

const rows: readonly (readonly [prefix: string, traits: Row])[] = [
  ["test-gpt-5", { ...codexWithoutPatches, mayCallToolsInParallel: true }],
  ["gpt-5-codex", codex],
  ["gpt-5.1-codex", codex],
  ["gpt-5.2-codex", parallelCodex],
  ["gpt-5.3-codex", parallelCodex],
  ["gpt-5.1", gpt51],
  ["gpt-5.2", gpt51],
  ["gpt-5.6-sol", quick],
  ["gpt-5.", current],
  ["gpt-5", gpt5],
  ["gpt-6.1-terra", { ...quick, contextWindowTokens: 500_000 }],
  ["gpt-6.1", quick],
  ["gpt-6-astra", quick],
  ["gpt-6", current],
  ["gpt-daybreak-red", { ...current, contextWindowTokens: 372_000, defaultVerbosity: "high" }],
  ["gpt-daybreak", quick],
  ["codex-mini", { ...small, shellTool: "local_shell" }],
  ["codex-auto-review", current],
  ["codex-", codex],
  ["o3", small],
  ["o4-mini", small],
  ["gpt-4.1", { ...unknownModel, contextWindowTokens: 1_047_576, maxOutputTokens: 32_768 }],
  ["gpt-4o", { ...unknownModel, contextWindowTokens: 128_000, maxOutputTokens: 16_384 }],
  ["gpt-3.5", { ...unknownModel, contextWindowTokens: 16_385, maxOutputTokens: 4_096 }],
  // One pool of 128,000, of which a quarter is left for the answer.
  [
    "gpt-oss",
    { ...unknownModel, applyPatchTool: "function", contextWindowTokens: 96_000, maxOutputTokens: 32_000 },
  ],
];

/**
 * Traits of a model.
 *
 * @param model - its name; routers put that of a vendor in front, as in `openai/gpt-5`, which counts as nothing
 */
export function modelTraits(model: string): ModelTraits {
  const name = model.slice(model.lastIndexOf("/") + 1);
  const row = rows.find(([prefix]) => name.startsWith(prefix))?.[1] ?? unknownModel;
  const { contextWindowTokens } = row;
  if (contextWindowTokens === undefined) return row;
  return { ...row, autoCompactTokenLimit: compactAt(contextWindowTokens) };
}

/** Tokens of a conversation, as far as they are known. */
export interface ModelLimits {
  readonly contextWindowTokens?: number;
  /** of the window, what is left to a conversation beside instructions, tools and the answer */
  readonly usableContextTokens?: number;
  readonly autoCompactTokenLimit?: number;
  readonly maxOutputTokens?: number;
}

/** Limits in force: what the configuration says, over what is known of the model. */
export function modelLimits(
  config: Pick<
    Config,
    "model" | "modelContextWindow" | "modelAutoCompactTokenLimit" | "modelMaxOutputTokens"
  >,
): ModelLimits {
  const traits = modelTraits(config.model);
  const window = config.modelContextWindow ?? traits.contextWindowTokens;
  const atMost = window === undefined ? undefined : compactAt(window);
  const limit = config.modelAutoCompactTokenLimit ?? atMost;
  const maxOutputTokens = config.modelMaxOutputTokens ?? traits.maxOutputTokens;
  return {
    ...(window !== undefined && {
      contextWindowTokens: window,
      usableContextTokens: Math.floor((window * 95) / 100),
    }),
    // A limit beyond the window would never be met.
    ...(limit !== undefined && { autoCompactTokenLimit: Math.min(limit, atMost ?? limit) }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
  };
}

function compactAt(windowTokens: number): number {
  return Math.floor((windowTokens * 9) / 10);
}
