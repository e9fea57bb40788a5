// Azure's Responses API keeps state by item ids: it wants `store: true` and the ids sent back.

import type { ModelProvider } from "../config/config.ts";

const hostMarks = [
  "openai.azure.",
  "cognitiveservices.azure.",
  "aoai.azure.",
  "azure-api.",
  "azurefd.",
  "windows.net/openai",
];

/** Whether a provider is Azure, by its name or by where it is. */
export function isAzure({ name }: ModelProvider, url: URL): boolean {
  if (name.toLowerCase() === "azure") return true;
  const place = `${url.host}${url.pathname}`.toLowerCase();
  return hostMarks.some((mark) => place.includes(mark));
}
