// What requests would be authorised with. The store is read, never refreshed, and no part of a key or a
// token leaves this file.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { storedLogin } from "../auth/auth-document.ts";
import { openCredentialStore } from "../auth/credential-store.ts";
import { AuthError, type AuthErrorCode } from "../auth/errors.ts";
import { isExpired } from "../auth/refresh.ts";
import { tokenClaims } from "../auth/token-claims.ts";
import type { Config } from "../config/config.ts";
import { shellWord } from "../shell-word.ts";
import type { DoctorContext, Finding } from "./check.ts";
import { readingFix } from "./reading-fix.ts";

/** What logs in by a way that the configuration allows. */
function loginCommand(config: Config | undefined): string {
  return config?.forcedLoginMethod === "api"
    ? "printenv OPENAI_API_KEY | codex login --with-api-key"
    : "codex login";
}

/**
 * @param home - the state folder; undefined where there can be none
 * @param config - undefined where it does not load; then auth.json alone is looked at
 */
export async function checkCredentials(
  home: string | undefined,
  config: Config | undefined,
  context: DoctorContext,
): Promise<Finding> {
  if (config?.proxy !== undefined) {
    const summary = "not needed: requests go through the proxy, which has the key";
    return { status: "ok", summary, details: {} };
  }
  const ofProvider = config === undefined ? undefined : checkProvider(config, context);
  if (ofProvider !== undefined) return ofProvider;
  if (context.environment.CODEX_ACCESS_TOKEN?.trim()) {
    return { status: "ok", summary: "an access token in CODEX_ACCESS_TOKEN", details: {} };
  }
  if (home === undefined) return { status: "fail", summary: "there is no folder for a login", details: {} };
  return checkStored(home, config, context);
}

/** A provider with a key of its own, or none, takes nothing from the store. */
function checkProvider({ modelProvider }: Config, { environment }: DoctorContext): Finding | undefined {
  const { id, envKey, envKeyInstructions, experimentalBearerToken, requiresOpenaiAuth } = modelProvider;
  const details = { provider: id };
  if (envKey !== undefined) {
    if (environment[envKey]?.trim()) {
      return { status: "ok", summary: `the key of provider ${id} is in ${envKey}`, details };
    }
    const summary = `provider ${id} takes its key from ${envKey}, which is not set`;
    return { status: "fail", summary, details, remediation: envKeyInstructions ?? `export ${envKey}=…` };
  }
  if (experimentalBearerToken !== undefined) {
    return { status: "ok", summary: `provider ${id} has a token in config.toml`, details };
  }
  if (requiresOpenaiAuth) return undefined;
  return { status: "ok", summary: `provider ${id} asks for none`, details };
}

async function checkStored(
  home: string,
  config: Config | undefined,
  context: DoctorContext,
): Promise<Finding> {
  const store = config?.cliAuthCredentialsStore ?? "file";
  const path = join(home, "auth.json");
  const warnings: string[] = [];
  const file = await stat(path).catch(() => undefined);
  const fileDetails =
    file === undefined
      ? { "auth.json": `${path} (missing)` }
      : { "auth.json": path, mode: (file.mode & 0o7777).toString(8).padStart(4, "0") };
  const kept = openCredentialStore({ codexHome: home, store, warn: (message) => warnings.push(message) });
  const details: Record<string, string | readonly string[]> = { store, ...fileDetails, warnings };
  const login = loginCommand(config);
  let document: Awaited<ReturnType<typeof kept.load>>;
  try {
    document = await kept.load();
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    const fixes: Partial<Record<AuthErrorCode, string | undefined>> = {
      AUTH_FILE_UNREADABLE: await readingFix(path, context),
      AUTH_FILE_KIND: `mv ${shellWord(path)} ${shellWord(`${path}.old`)}`,
      AUTH_FILE_MALFORMED: login,
    };
    const fix = error.code in fixes ? fixes[error.code] : error.hint;
    const finding: Finding = { status: "fail", summary: error.message, details };
    return fix === undefined ? finding : { ...finding, remediation: fix };
  }
  const stored = storedLogin(document);
  if (file !== undefined && (file.mode & 0o077) !== 0) {
    return {
      status: "warning",
      summary: `${path} holds a login and may be read by other users (mode ${fileDetails.mode})`,
      details,
      remediation: `chmod 600 ${shellWord(path)}`,
    };
  }
  if (stored.kind === "none") {
    const keyOfExec = context.environment.CODEX_API_KEY?.trim();
    return {
      status: keyOfExec ? "warning" : "fail",
      summary: keyOfExec ? "not logged in; only codex exec uses CODEX_API_KEY" : "not logged in",
      details,
      remediation: login,
    };
  }
  if (stored.kind === "unsupported") {
    const summary = "the stored login is of a kind that this version does not know";
    return { status: "fail", summary, details, remediation: `codex logout && ${login}` };
  }
  const refused = forced(config, stored.kind);
  if (refused !== undefined) return { status: "fail", summary: refused, details, remediation: login };
  if (stored.kind === "api-key") return { status: "ok", summary: "logged in with an API key", details };
  if (stored.kind === "access-token") {
    return { status: "ok", summary: "logged in with an access token", details };
  }

  const { email, planType } = tokenClaims(stored.tokens.id_token) ?? {};
  const expiresAt = tokenClaims(stored.tokens.access_token)?.expiresAt;
  details.account = email ?? "unknown";
  details.plan = planType ?? "unknown";
  details["last refresh"] = document?.last_refresh ?? "unknown";
  details["age of the token"] = ageOf(document?.last_refresh, context.now);
  if (expiresAt !== undefined) details["token expires"] = new Date(expiresAt).toISOString();
  if (!stored.tokens.refresh_token && isExpired(stored.tokens, context.now.getTime())) {
    const summary = "the ChatGPT login has expired and cannot be refreshed";
    return { status: "fail", summary, details, remediation: login };
  }
  const age = `refreshed ${details["age of the token"]}`;
  return { status: "ok", summary: `logged in with ChatGPT, ${age}`, details };
}

function forced(
  config: Config | undefined,
  kind: "api-key" | "chatgpt" | "access-token",
): string | undefined {
  if (config?.forcedLoginMethod === "api" && kind !== "api-key") {
    return "API key login is required, but ChatGPT is currently being used";
  }
  if (config?.forcedLoginMethod === "chatgpt" && kind === "api-key") {
    return "ChatGPT login is required, but an API key is currently being used";
  }
  return undefined;
}

function ageOf(lastRefresh: string | undefined, now: Date): string {
  const ms = now.getTime() - Date.parse(lastRefresh ?? "");
  if (Number.isNaN(ms)) return "at an unknown time";
  if (ms < 0) return "in the future: is the clock right?";
  const hours = Math.floor(ms / 3_600_000);
  return hours < 48 ? `${hours} hours ago` : `${Math.floor(hours / 24)} days ago`;
}
