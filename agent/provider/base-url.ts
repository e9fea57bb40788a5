// Where a provider's requests go. What OPENAI_BASE_URL says is in the configuration already.

import type { ModelProvider } from "../config/config.ts";
import { keyText } from "../config/key-text.ts";
import { ProviderError } from "./errors.ts";

const apiBaseUrl = "https://api.openai.com/v1";
const chatgptBaseUrl = "https://chatgpt.com/backend-api/codex";
const localVariables = "CODEX_OSS_BASE_URL and CODEX_OSS_PORT";

/**
 * The URL of the Responses endpoint, query included.
 *
 * @param isChatgpt - whether the login is one of ChatGPT: the built-in provider has another place for it
 * @throws {ProviderError} PROVIDER_BASE_URL
 */
export function responsesUrl(provider: ModelProvider, isChatgpt: boolean): URL {
  const text = provider.baseUrl ?? (isChatgpt ? chatgptBaseUrl : apiBaseUrl);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    throw new ProviderError(
      "PROVIDER_BASE_URL",
      `the base URL of the model provider \`${provider.id}\` is not one of http or https, without user name`,
      { hint: `check ${placesOf(provider.id)}` },
    );
  }
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/responses`;
  for (const [name, value] of Object.entries(provider.queryParams)) url.searchParams.append(name, value);
  return url;
}

/** Where the URL of a provider is set. */
function placesOf(id: string): string {
  if (id === "openai") return "OPENAI_BASE_URL, and openai_base_url in config.toml";
  const inFile = `${keyText(["model_providers", id, "base_url"])} in config.toml`;
  if (id === "oss") return localVariables;
  return id === "ollama" || id === "lmstudio" ? `${localVariables}, and ${inFile}` : inFile;
}
