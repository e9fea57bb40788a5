// A way to the model: base URL, headers, key and transport of the provider in force, or of our own proxy,
// which needs no key and is told none. One request at a time goes in, an answer comes out; redirects are
// never followed, and the bearer is in no error.

import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import type { Config, ModelProvider } from "../config/config.ts";
import type { Environment } from "../environment.ts";
import { AgentError } from "../errors.ts";
import type { ProxyEndpoint } from "../proxy-endpoint/endpoint.ts";
import { isAzure } from "./azure.ts";
import { responsesUrl } from "./base-url.ts";
import { configuredHeaders, type Headers } from "./headers.ts";
import { type Authorization, authorize, type CredentialSource, unauthorizedHint } from "./key.ts";
import { SentSecrets } from "./sent-secrets.ts";
import type { Sender } from "./user-agent.ts";

export interface ConnectionRequest {
  readonly body: string;
  readonly headers: Headers;
  readonly signal: AbortSignal;
}

export interface ConnectionAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
}

export interface Connection {
  readonly provider: ModelProvider;
  /** for people: the provider's id, or where the proxy is */
  readonly label: string;
  /** whether Azure's rules on ids and storage hold */
  readonly isAzure: boolean;
  /** whether the limits of a ChatGPT plan hold, not those of a key */
  readonly isChatgpt: boolean;
  /** what helps where the key is refused, or was missing */
  readonly unauthorizedHint: string;
  /** for messages: without the query, which may hold a key */
  readonly url: string;
  /** words of the service for a message: without what requests have authenticated with */
  redacted(words: string): string;
  /**
   * Send one POST. A 401 to a login is answered by one refresh and one repetition.
   *
   * @throws {ProviderError} where there is no key; whatever undici throws where no answer comes
   */
  post(request: ConnectionRequest): Promise<ConnectionAnswer>;
  /**
   * Find out more after {@link post} failed without an answer.
   *
   * @returns why asking again helps only later, if at all: the proxy is gone, and may be about to come back
   * @throws {AgentError} where asking again is of no use: somebody else is in the proxy's place
   */
  afterFailure(): Promise<AgentError | undefined>;
  /** end what is still open, at once */
  close(): Promise<void>;
}

/**
 * Open the way that the configuration names. Nothing is sent to a provider; a proxy is made sure of.
 *
 * @param credentials - the login; undefined where `config.proxy` is set or no provider asks for it
 * @throws {ProxyEndpointError | ProviderError}; {AgentError} HTTP_CA_FILE, HTTP_PROXY_URL
 */
export async function openConnection(
  config: Pick<Config, "modelProvider" | "proxy"> & Partial<Pick<Config, "features">>,
  credentials: CredentialSource | undefined,
  environment: Environment,
  sender: Sender,
): Promise<Connection> {
  const mayCompress = config.features?.isEnabled("enable_request_compression") ?? false;
  return config.proxy === undefined || config.proxy === ""
    ? openToProvider(config.modelProvider, credentials, environment, sender, mayCompress)
    : openToProxy(config.proxy, config.modelProvider, environment, sender);
}

// How long an answer may take is for its reader to say.
const timeouts = { connectTimeoutMs: 30_000, headersTimeoutMs: 0, bodyTimeoutMs: 0 };

async function openToProvider(
  provider: ModelProvider,
  credentials: CredentialSource | undefined,
  environment: Environment,
  sender: Sender,
  mayCompress: boolean,
): Promise<Connection> {
  const isChatgpt = provider.requiresOpenaiAuth && credentials?.mode === "chatgpt";
  const url = responsesUrl(provider, isChatgpt);
  const { openDispatcher } = await import("../http/dispatcher.ts");
  const dispatcher = await openDispatcher(url, environment, timeouts);
  const configured = configuredHeaders(provider, environment);
  const fixed = {
    ...senderHeaders(sender),
    ...(provider.id === "openai" && { version: sender.version }),
    ...configured,
  };
  const secrets = new SentSecrets(configured, provider.queryParams);

  // ChatGPT's own service takes it. What stands at a URL that somebody has set, nobody knows.
  const compresses = mayCompress && isChatgpt && provider.id === "openai" && provider.baseUrl === undefined;

  async function postAs(request: ConnectionRequest, authorization: Authorization | undefined) {
    if (authorization !== undefined) secrets.add(authorization.bearer);
    const headers = { ...fixed, ...request.headers, ...keyHeaders(authorization) };
    const { compressedBody } = compresses ? await import("../http/compressed-body.ts") : {};
    const compressed = await compressedBody?.(request.body);
    if (compressed === undefined) return send(dispatcher, url, { ...request, headers });
    return send(dispatcher, url, {
      ...request,
      body: compressed.bytes,
      headers: { ...headers, ...compressed.headers },
    });
  }
  return {
    provider,
    label: provider.id,
    isAzure: isAzure(provider, url),
    isChatgpt,
    unauthorizedHint: unauthorizedHint(provider, credentials?.mode),
    url: `${url.origin}${url.pathname}`,
    redacted: (words) => secrets.redacted(words),
    post: async (request) => {
      const authorization = await authorize(provider, credentials, environment);
      const answer = await postAs(request, authorization);
      if (answer.status !== 401 || authorization?.isFromLogin !== true) return answer;
      if (!(await credentials?.refreshAfter401(authorization.bearer))) return answer;
      answer.body.destroy();
      return postAs(request, await authorize(provider, credentials, environment));
    },
    afterFailure: async () => undefined,
    close: () => dispatcher.destroy(),
  };
}

async function openToProxy(
  reference: string,
  configured: ModelProvider,
  environment: Environment,
  sender: Sender,
): Promise<Connection> {
  const { resolveProxy } = await import("../proxy-endpoint/endpoint.ts");
  let endpoint = await resolveProxy(reference, environment);
  const { proxyDispatcher } = await import("../proxy-endpoint/dispatcher.ts");
  let dispatcher = proxyDispatcher(endpoint);
  const token = tokenHeaders(endpoint);
  const fixed = { ...senderHeaders(sender), ...token };
  const secrets = new SentSecrets(token);
  return {
    provider: proxyProvider(configured),
    label: `responses-api-proxy at ${endpoint.address.label}`,
    isAzure: false, // what the proxy's upstream is, only the proxy knows
    isChatgpt: false,
    unauthorizedHint:
      "the key is the proxy's: ask whoever runs it for a good one, codex-responses-api-proxy rotate puts it in",
    get url() {
      return `${endpoint.address.baseUrl}/responses`;
    },
    redacted: (words) => secrets.redacted(words),
    post: async (request) => {
      const headers = { ...fixed, ...request.headers };
      const postOnce = () =>
        send(dispatcher, new URL(`${endpoint.address.baseUrl}/responses`), { ...request, headers });
      const answer = await postOnce();
      if (answer.status !== 401) return answer;
      // A proxy with workload identity gets a new token for the request that follows.
      answer.body.destroy();
      return postOnce();
    },
    afterFailure: async () => {
      const former = dispatcher;
      try {
        endpoint = await endpoint.lookAgain();
      } catch (error) {
        if (error instanceof AgentError && error.code === "PROXY_NOT_RUNNING") return error;
        throw error;
      }
      dispatcher = proxyDispatcher(endpoint);
      await former.destroy();
      return undefined;
    },
    close: () => dispatcher.destroy(),
  };
}

// Headers, query and key of the configured provider are for its own host; its patience is the user's.
function proxyProvider(configured: ModelProvider): ModelProvider {
  const { requestMaxRetries, streamMaxRetries, streamIdleTimeoutMs } = configured;
  return {
    id: "responses-api-proxy",
    name: "responses-api-proxy",
    wireApi: "responses",
    queryParams: {},
    httpHeaders: {},
    envHttpHeaders: {},
    requestMaxRetries,
    streamMaxRetries,
    streamIdleTimeoutMs,
    requiresOpenaiAuth: false,
  };
}

function senderHeaders({ originator, userAgent }: Sender): Headers {
  return { originator, "user-agent": userAgent };
}

function tokenHeaders({ clientToken }: ProxyEndpoint): Headers {
  return clientToken === undefined ? {} : { "x-codex-proxy-token": clientToken };
}

function keyHeaders(authorization: Authorization | undefined): Headers {
  if (authorization === undefined) return {};
  const { bearer, accountId } = authorization;
  return {
    authorization: `Bearer ${bearer}`,
    ...(accountId !== undefined && { "chatgpt-account-id": accountId }),
  };
}

async function send(
  dispatcher: Dispatcher,
  url: URL,
  { body, headers, signal }: Omit<ConnectionRequest, "body"> & { readonly body: string | Buffer },
): Promise<ConnectionAnswer> {
  const [{ request }, { decodedBody }] = await Promise.all([
    import("../http/undici.ts"),
    import("../http/decoded-body.ts"),
  ]);
  const answer = await request(url, dispatcher, { method: "POST", body, headers, signal });
  answer.body.on("error", () => {}); // whoever reads it is told; nobody may be reading it
  const plain = decodedBody(answer.body, answer.headers["content-encoding"]);
  if (plain !== answer.body) plain.on("error", () => {});
  return { status: answer.statusCode, headers: answer.headers, body: plain };
}
