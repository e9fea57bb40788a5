// Tokens, as the service counts them.

import { objectOf } from "../json-object.ts";

export interface TokenUsage {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningOutputTokens: number;
  readonly totalTokens: number;
}

/** @param value - `usage` of a response; undefined is returned where it holds no counts */
export function parseUsage(value: unknown): TokenUsage | undefined {
  const usage = objectOf(value);
  if (typeof usage?.input_tokens !== "number" || typeof usage.output_tokens !== "number") return undefined;
  const inputTokens = count(usage.input_tokens);
  const outputTokens = count(usage.output_tokens);
  return {
    inputTokens,
    cachedInputTokens: count(objectOf(usage.input_tokens_details)?.cached_tokens),
    outputTokens,
    reasoningOutputTokens: count(objectOf(usage.output_tokens_details)?.reasoning_tokens),
    totalTokens: usage.total_tokens === undefined ? inputTokens + outputTokens : count(usage.total_tokens),
  };
}

/** The sum of two counts, member by member. */
export function addUsage(a: TokenUsage, b: TokenUsage): TokenUsage {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    reasoningOutputTokens: a.reasoningOutputTokens + b.reasoningOutputTokens,
    totalTokens: a.totalTokens + b.totalTokens,
  };
}

/** What is shown as "tokens used": input that was not cached, and output. */
export function blendedTotal({ inputTokens, cachedInputTokens, outputTokens }: TokenUsage): number {
  return Math.max(inputTokens - cachedInputTokens, 0) + outputTokens;
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? Math.trunc(value) : 0;
}
