// What an answer other than 200 comes to: whether to ask again, when, and what to tell the user. Our own
// proxy says why it refuses; that reason is shown, with what helps.

import { STATUS_CODES } from "node:http";
import type { Clock } from "../clock.ts";
import { objectOf, parseObject } from "../json-object.ts";
import type { Connection, ConnectionAnswer } from "../provider/connection.ts";
import { contextLengthExceeded, ModelError, noRoom } from "./errors.ts";
import { hintedWaitMs, maxWaitMs } from "./patience.ts";

const maxShownChars = 2_000;

const pricing = "https://openai.com/chatgpt/pricing";

/** What helps against a refusal of codex-responses-api-proxy, by its code. */
const proxyHints: Readonly<Record<string, string>> = {
  PXY_ERR_PEER: "ask whoever runs the proxy to let this user in: --allow-user, --allow-group",
  PXY_ERR_CLIENT_TOKEN: "set CODEX_PROXY_TOKEN to a token of this proxy: codex-responses-api-proxy token new",
  PXY_ERR_HOST: "ask whoever runs the proxy to add this name: --allow-host",
  PXY_ERR_UPSTREAM: "ask whoever runs the proxy whether it reaches its upstream",
  PXY_ERR_BODY_TOO_LARGE: "ask whoever runs the proxy for a higher --max-body-bytes, or send less",
};

/**
 * @param text - the body of the answer, as far as it was read
 * @param connection - what has answered
 * @returns the error to end with; it says itself whether the same request may be sent again
 */
export function judgeRefusal(
  { status, headers }: Pick<ConnectionAnswer, "status" | "headers">,
  text: string,
  connection: Pick<Connection, "unauthorizedHint" | "redacted">,
  clock: Clock,
): ModelError {
  const error = errorOf(text, connection);
  const phrase = `${status} ${STATUS_CODES[status] ?? ""}`.trimEnd();
  const hint = proxyHints[String(error.code)] ?? (status === 401 ? connection.unauthorizedHint : undefined);
  if (status === 429) {
    const final = finalRateLimit(error, clock);
    if (final !== undefined) return final;
  }
  if (error.code === contextLengthExceeded && status < 500) return noRoom();
  if (status >= 300 && status < 400) {
    return new ModelError("MODEL_REDIRECT", `unexpected status ${phrase}: redirects are not followed`);
  }
  const reason =
    error.message ?? (connection.redacted(text.trim()).slice(0, maxShownChars) || "Unknown error");
  if (status !== 408 && status !== 429 && status < 500) {
    return new ModelError("MODEL_STATUS", `unexpected status ${phrase}: ${reason}`, { hint });
  }
  const waitMs =
    preciseWaitMs(headers["retry-after-ms"]) ??
    retryAfterMs(headers["retry-after"], clock) ??
    (status === 429 ? hintedWaitMs(error.message ?? "") : undefined);
  if (waitMs !== undefined && waitMs > maxWaitMs) {
    const again = `try again in ${durationText(waitMs)}`;
    return new ModelError("MODEL_USAGE_LIMIT", `unexpected status ${phrase}: ${reason} (${again})`);
  }
  const exhausted =
    status === 500 && error.message === undefined
      ? "We're currently experiencing high demand, which may cause temporary errors."
      : `exceeded retry limit, last status: ${phrase}${error.message === undefined ? "" : `: ${error.message}`}`;
  return new ModelError("MODEL_EXHAUSTED", exhausted, { hint, waitMs });
}

interface ServiceError {
  readonly message: string | undefined;
  readonly type: unknown;
  readonly code: unknown;
  readonly plan_type: unknown;
  readonly resets_at: unknown;
  readonly resets_in_seconds: unknown;
}

function errorOf(text: string, connection: Pick<Connection, "redacted">): ServiceError {
  const value = parseObject(text)?.error;
  const error = typeof value === "string" ? { message: value } : (objectOf(value) ?? {});
  const { message, type, code, plan_type, resets_at, resets_in_seconds } = error;
  const isText = typeof message === "string" && message.trim() !== "";
  return {
    message: isText ? connection.redacted(message).slice(0, maxShownChars) : undefined,
    ...{ type, code, plan_type, resets_at, resets_in_seconds },
  };
}

function finalRateLimit(error: ServiceError, clock: Clock): ModelError | undefined {
  if (error.type === "usage_limit_reached") {
    return new ModelError("MODEL_USAGE_LIMIT", `You've hit your usage limit. ${whatNow(error, clock)}`);
  }
  if (error.type === "usage_not_included") {
    return new ModelError(
      "MODEL_USAGE_NOT_INCLUDED",
      `To use Codex with your ChatGPT plan, upgrade to Plus: ${pricing}.`,
    );
  }
  if (error.type === "insufficient_quota" || error.code === "insufficient_quota") {
    return new ModelError("MODEL_USAGE_LIMIT", error.message ?? "the quota of this key is used up");
  }
  return undefined;
}

function whatNow({ plan_type, resets_at, resets_in_seconds }: ServiceError, clock: Clock): string {
  let leftMs: number | undefined;
  if (typeof resets_at === "number") leftMs = resets_at * 1000 - clock.now();
  else if (typeof resets_in_seconds === "number") leftMs = resets_in_seconds * 1000;
  const when = leftMs === undefined || leftMs <= 0 ? "later" : `in ${durationText(leftMs)}`;
  switch (plan_type) {
    case "plus":
      return `Upgrade to Pro (${pricing}) or try again ${when}.`;
    case "team":
    case "business":
      return `To get more access now, send a request to your admin or try again ${when}.`;
    case "free":
      return `Upgrade to Plus to continue using Codex (${pricing}).`;
    default:
      return `Try again ${when}.`;
  }
}

/** Whole days, hours and minutes: `2 hours 28 minutes`. */
function durationText(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes === 0) return "less than a minute";
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(minutes / 1440), "day"],
    [Math.floor(minutes / 60) % 24, "hour"],
    [minutes % 60, "minute"],
  ];
  return parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}${count === 1 ? "" : "s"}`)
    .join(" ");
}

// The service says it in milliseconds too, where a second would be long.
function preciseWaitMs(value: string | string[] | undefined): number | undefined {
  return typeof value === "string" && /^\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
}

// RFC 9110 10.2.3: seconds, or a date
function retryAfterMs(value: string | string[] | undefined, clock: Clock): number | undefined {
  if (typeof value !== "string") return undefined;
  if (/^\s*\d+(\.\d+)?\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(date - clock.now(), 0);
}
