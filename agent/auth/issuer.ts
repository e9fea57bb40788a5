// Requests to the issuer of tokens. Refusals of the issuer and failures of the network are told apart; what
// it answers is trusted as far as its members are strings.

import type { Dispatcher } from "undici";
import type { Environment } from "../environment.ts";
import { AgentError } from "../errors.ts";
import { oneLine } from "../foreign-text.ts";
import { openDispatcher } from "../http/dispatcher.ts";
import { type JsonObject, parseObject } from "../json-object.ts";
import type { IssuedTokens } from "./auth-document.ts";
import { AuthError } from "./errors.ts";

export const defaultIssuer = "https://auth.openai.com";
export const defaultClientId = "app_EMoamEEZ73f0CkXaXp7hrann";

/** Who issues tokens, and to whom. */
export interface Issuer {
  /** without a slash at the end */
  readonly url: string;
  readonly clientId: string;
}

/** An issuer's answer, its body read. */
export interface IssuerAnswer {
  readonly status: number;
  readonly text: string;
}

/** Sends one request; where it throws, it is an AuthError. */
export type IssuerClient = (request: {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}) => Promise<IssuerAnswer>;

const maxAnswerBytes = 1024 * 1024;
const maxAnswerMs = 60_000;

/**
 * A client for one command: its connections are not kept alive, so nothing is to be closed. Redirects are
 * not followed: what is sent is for this server alone.
 *
 * @param environment - for the network's proxy and certificates
 * @param longestMs - from the request to the last byte of its answer
 */
export function issuerClient(environment: Environment, longestMs = maxAnswerMs): IssuerClient {
  const dispatchers = new Map<string, Promise<Dispatcher>>();
  return async ({ method, url, headers = {}, json, form, signal }) => {
    const { request } = await import("../http/undici.ts");
    const target = httpUrl(url);
    const { origin } = target;
    const dispatcher = dispatchers.get(origin) ?? openDispatcher(target, environment);
    dispatchers.set(origin, dispatcher);
    const deadline = AbortSignal.timeout(longestMs);
    const body = json === undefined ? form && formText(form) : JSON.stringify(json);
    const type = json === undefined ? "application/x-www-form-urlencoded" : "application/json";
    try {
      const answer = await request(target, await dispatcher, {
        method,
        reset: true,
        headers: { accept: "*/*", ...headers, ...(body === undefined ? {} : { "content-type": type }) },
        ...(body === undefined ? {} : { body }),
        signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
      });
      return { status: answer.statusCode, text: await readText(answer.body) };
    } catch (cause) {
      if (cause instanceof AgentError || signal?.aborted) throw cause;
      throw new AuthError("AUTH_ISSUER_UNREACHABLE", `${origin} cannot be reached (${reasonOf(cause)})`, {
        cause,
      });
    }
  };
}

function reasonOf(cause: unknown): string {
  const { name, code } = cause as NodeJS.ErrnoException;
  if (name === "TimeoutError" || /TIMEOUT$/.test(String(code))) return "no answer in time";
  return typeof code === "string" ? code : "no answer";
}

/** @throws {AuthError} AUTH_ISSUER_ANSWER; it does not repeat the text, which may hold a password */
function httpUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" || url?.protocol === "http:") return url;
  throw new AuthError("AUTH_ISSUER_ANSWER", "the issuer is not an http or https URL");
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) throw new AuthError("AUTH_ISSUER_ANSWER", "the issuer's answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function formText(form: Readonly<Record<string, string>>): string {
  return Object.entries(form)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join("&");
}

/** An issuer by its URL, as a flag gives it. @throws {AuthError} AUTH_ISSUER_ANSWER */
export function issuerAt(url: string | undefined, clientId: string | undefined): Issuer {
  const text = (url ?? defaultIssuer).replace(/\/+$/, "");
  httpUrl(text);
  return { url: text, clientId: clientId ?? defaultClientId };
}

/** Change a code for tokens. @throws {AuthError} AUTH_ISSUER_REFUSED, AUTH_ISSUER_ANSWER, AUTH_ISSUER_UNREACHABLE */
export async function exchangeCode(
  send: IssuerClient,
  issuer: Issuer,
  grant: { readonly code: string; readonly redirectUri: string; readonly codeVerifier: string },
  signal?: AbortSignal,
): Promise<IssuedTokens> {
  const answer = await send({
    ...(signal === undefined ? {} : { signal }),
    method: "POST",
    url: `${issuer.url}/oauth/token`,
    form: {
      grant_type: "authorization_code",
      code: grant.code,
      redirect_uri: grant.redirectUri,
      client_id: issuer.clientId,
      code_verifier: grant.codeVerifier,
    },
  });
  if (!isSuccess(answer)) {
    const detail = describeRefusal(answer.text, [grant.code, grant.codeVerifier]);
    throw new AuthError(
      "AUTH_ISSUER_REFUSED",
      `token endpoint returned status ${answer.status}${detail === undefined ? "" : `: ${detail}`}`,
    );
  }
  const { idToken, accessToken, refreshToken } = issuedTokens(answer);
  if (idToken === undefined || accessToken === undefined || refreshToken === undefined) {
    throw new AuthError("AUTH_ISSUER_ANSWER", "the issuer's answer lacks a token");
  }
  return { idToken, accessToken, refreshToken };
}

/** Whether the status is one of 200 to 299. */
export function isSuccess(answer: IssuerAnswer): boolean {
  return answer.status >= 200 && answer.status < 300;
}

/** The tokens of an answer; those that it lacks are left out. @throws {AuthError} AUTH_ISSUER_ANSWER */
export function issuedTokens(answer: IssuerAnswer): Partial<IssuedTokens> {
  const body = jsonObject(answer);
  const pick = (name: string) =>
    typeof body[name] === "string" && body[name] !== "" ? body[name] : undefined;
  const [idToken, accessToken, refreshToken] = [
    pick("id_token"),
    pick("access_token"),
    pick("refresh_token"),
  ];
  return {
    ...(idToken === undefined ? {} : { idToken }),
    ...(accessToken === undefined ? {} : { accessToken }),
    ...(refreshToken === undefined ? {} : { refreshToken }),
  };
}

/** @throws {AuthError} AUTH_ISSUER_ANSWER */
export function jsonObject(answer: IssuerAnswer): JsonObject {
  const body = parseObject(answer.text);
  if (body === undefined)
    throw new AuthError("AUTH_ISSUER_ANSWER", "the issuer's answer is not a JSON object");
  return body;
}

/** The code of a refusal, in any of the three shapes in which issuers send it. */
export function refusalCode(text: string): string | undefined {
  const body = parseObject(text);
  const nested = body?.error as Record<string, unknown> | string | undefined | null;
  if (typeof nested === "string") return nested;
  if (typeof nested?.code === "string") return nested.code;
  return typeof body?.code === "string" ? body.code : undefined;
}

/**
 * What an issuer says of its refusal, for people: only its own words, on one line.
 *
 * @param secrets - what was sent, in case the answer repeats it
 */
function describeRefusal(text: string, secrets: readonly string[]): string | undefined {
  const body = parseObject(text);
  const nested = body?.error as Record<string, unknown> | string | undefined | null;
  const message = typeof nested === "object" ? nested?.message : undefined;
  const words = [body?.error_description, message, refusalCode(text)].find(
    (value) => typeof value === "string" && value.trim() !== "",
  );
  return typeof words === "string" ? oneLine(words, secrets) : undefined;
}
