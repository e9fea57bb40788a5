// What a client must be told to use the proxy, in the forms in which clients take it. No token is ever
// among it, only the name of the variable that holds one: arguments are visible to every user.

/** Where the proxy is, and how it knows its client. */
export interface ClientSettings {
  /** ends with /v1 */
  readonly baseUrl: string;
  /** the variable that holds the client token, undefined where none is needed */
  readonly tokenVariable: string | undefined;
}

const provider = "responses-api-proxy";

/** For SDKs that insist on a key. The proxy replaces it. */
export const placeholderKey = "replaced-by-the-proxy";

/**
 * The arguments for Codex. They hold no blank and no character that a shell expands, so that
 * `codex $(codex-responses-api-proxy env)` gives each as one.
 */
export function codexArguments({ baseUrl, tokenVariable }: ClientSettings): string[] {
  const members = [
    `name="${provider}"`,
    `base_url="${withoutBrackets(baseUrl)}"`,
    'wire_api="responses"',
    "supports_websockets=false",
    ...(tokenVariable === undefined ? [] : [`env_key="${tokenVariable}"`]),
  ];
  return ["-c", `model_providers.${provider}={${members.join(",")}}`, "-c", `model_provider="${provider}"`];
}

// To a shell, those of an IPv6 address make a pattern of file names; to TOML these are the same.
function withoutBrackets(url: string): string {
  return url.replaceAll("[", "\\u005B").replaceAll("]", "\\u005D");
}

/** The same as lines for config.toml. */
export function codexConfig({ baseUrl, tokenVariable }: ClientSettings): string {
  const lines = [
    `model_provider = "${provider}"`,
    "",
    `[model_providers.${provider}]`,
    `name = "${provider}"`,
    `base_url = "${baseUrl}"`,
    'wire_api = "responses"',
    "supports_websockets = false",
    ...(tokenVariable === undefined ? [] : [`env_key = "${tokenVariable}"`]),
  ];
  return `${lines.join("\n")}\n`;
}

/** The variables that OpenAI's SDKs and what is built on them read. */
export function sdkVariables(settings: ClientSettings, key: string | undefined): Record<string, string> {
  return { OPENAI_BASE_URL: settings.baseUrl, OPENAI_API_KEY: key ?? placeholderKey };
}

/** Quote an argument for a POSIX shell. */
export function shellQuoted(argument: string): string {
  return /^[A-Za-z0-9_./:=-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
