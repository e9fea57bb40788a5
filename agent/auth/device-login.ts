// A login by a device code: the user types a short code into a browser anywhere, and the issuer is asked
// from time to time whether he has.

import { setTimeout as sleep } from "node:timers/promises";
import type { Environment } from "../environment.ts";
import { oneLine } from "../foreign-text.ts";
import type { JsonObject } from "../json-object.ts";
import type { CredentialStore } from "./credential-store.ts";
import { AuthError } from "./errors.ts";
import {
  exchangeCode,
  type Issuer,
  type IssuerAnswer,
  type IssuerClient,
  isSuccess,
  issuerClient,
  jsonObject,
} from "./issuer.ts";
import { keepLogin } from "./keep-login.ts";

export interface DeviceLoginRequest {
  readonly store: CredentialStore;
  readonly issuer: Issuer;
  /** CODEX_DEVICE_AUTH_BASE_URL names another place for device codes than the issuer's */
  readonly environment: Environment;
  readonly workspaceIds?: readonly string[] | undefined;
  readonly client?: IssuerClient;
  readonly maxWaitMs?: number;
}

/** What the user is to do. */
export interface DeviceCode {
  readonly verificationUrl: string;
  readonly userCode: string;
  /** waits until he has, and keeps the login. @throws {AuthError} */
  complete(): Promise<void>;
}

const defaultIntervalSeconds = 5;
const maxWaitMs = 15 * 60 * 1000;
/** failures of the network in a row that are put up with */
const maxUnreachable = 3;

/** Ask for a code. @throws {AuthError} AUTH_DEVICE_DISABLED, AUTH_ISSUER_REFUSED, AUTH_ISSUER_UNREACHABLE */
export async function requestDeviceCode(request: DeviceLoginRequest): Promise<DeviceCode> {
  const { issuer, environment } = request;
  const client = request.client ?? issuerClient(environment);
  const base = environment.CODEX_DEVICE_AUTH_BASE_URL?.replace(/\/+$/, "") || `${issuer.url}/api/accounts`;
  const answer = await client({
    method: "POST",
    url: `${base}/deviceauth/usercode`,
    json: { client_id: issuer.clientId },
  });
  if (answer.status === 404) {
    throw new AuthError(
      "AUTH_DEVICE_DISABLED",
      "device code login is not enabled for this Codex server. Use the browser login or verify the server URL.",
    );
  }
  if (!isSuccess(answer)) {
    throw new AuthError("AUTH_ISSUER_REFUSED", `device code request failed with status ${answer.status}`);
  }
  const body = jsonObject(answer);
  const deviceAuthId = textOf(body, "device_auth_id");
  const userCode = textOf(body, body.user_code === undefined ? "usercode" : "user_code");
  const intervalMs = 1000 * intervalOf(body.interval);
  return {
    verificationUrl: `${issuer.url}/codex/device`,
    userCode: oneLine(userCode),
    async complete() {
      const granted = await poll(
        () =>
          client({
            method: "POST",
            url: `${base}/deviceauth/token`,
            json: { device_auth_id: deviceAuthId, user_code: userCode },
          }),
        intervalMs,
        request.maxWaitMs ?? maxWaitMs,
      );
      const grantBody = jsonObject(granted);
      const issued = await exchangeCode(client, issuer, {
        code: textOf(grantBody, "authorization_code"),
        redirectUri: `${issuer.url}/deviceauth/callback`,
        codeVerifier: textOf(grantBody, "code_verifier"),
      });
      await keepLogin(request.store, issued, request.workspaceIds);
    },
  };
}

async function poll(
  ask: () => Promise<IssuerAnswer>,
  intervalMs: number,
  longestMs: number,
): Promise<IssuerAnswer> {
  const until = Date.now() + longestMs;
  let unreachable = 0;
  for (;;) {
    const answer = await ask().catch((error: unknown) => {
      unreachable += 1;
      if (unreachable > maxUnreachable || (error as AuthError).code !== "AUTH_ISSUER_UNREACHABLE")
        throw error;
      return undefined;
    });
    if (answer !== undefined) {
      unreachable = 0;
      if (isSuccess(answer)) return answer;
      if (answer.status !== 403 && answer.status !== 404) {
        throw new AuthError("AUTH_ISSUER_REFUSED", `device auth failed with status ${answer.status}`);
      }
    }
    const leftMs = until - Date.now();
    if (leftMs <= 0) {
      throw new AuthError("AUTH_DEVICE_TIMEOUT", "device auth timed out after 15 minutes");
    }
    await sleep(Math.min(intervalMs, leftMs));
  }
}

function intervalOf(value: unknown): number {
  const seconds = typeof value === "string" && value.trim() === "" ? Number.NaN : Number(value);
  // What is no number of seconds is not obeyed; zero is, as the original does, but without a busy loop.
  return Number.isFinite(seconds) && seconds >= 0 ? Math.max(seconds, 0.05) : defaultIntervalSeconds;
}

function textOf(body: JsonObject, name: string): string {
  const value = body[name];
  if (typeof value === "string" && value !== "") return value;
  throw new AuthError("AUTH_ISSUER_ANSWER", `the issuer's answer lacks ${name}`);
}
