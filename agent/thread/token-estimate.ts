// How many tokens something costs, where the service has not counted it yet.

import type { InputItem } from "../model-client/items.ts";

const charactersPerToken = 4;
const tokensPerImage = 1_500;

/** Rough, and never far too low: pictures count as such, not by the length of their data. */
export function estimatedTokens(items: readonly InputItem[]): number {
  let images = 0;
  const text = JSON.stringify(items, (key, value) => {
    if (key !== "image_url" || typeof value !== "string") return value;
    images++;
    return "";
  });
  return Math.ceil(text.length / charactersPerToken) + images * tokensPerImage;
}
