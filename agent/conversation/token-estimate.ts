// How many tokens something costs, where the service has not counted it yet.

import type { InputItem } from "../model-client/items.ts";

/** of UTF-8: about four letters of English, not much more than one of Chinese */
const bytesPerToken = 4;
const tokensPerImage = 1_500;

/** Rough, and never far too low: pictures count as such, not by the length of their data. */
export function estimatedTokens(items: readonly InputItem[]): number {
  let images = 0;
  const text = JSON.stringify(items, (key, value) => {
    if (key !== "image_url" || typeof value !== "string") return value;
    images++;
    return "";
  });
  return textTokens(text) + images * tokensPerImage;
}

/** The same of a text. */
export function textTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / bytesPerToken);
}
