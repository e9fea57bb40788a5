// What the values of single options mean. Messages name the option and never quote the value: it may be
// the key, put in the wrong place.

import type { HardeningLevel } from "../hardening/measures.ts";
import { StartError } from "./errors.ts";

export function wholeNumber(option: string, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value <= max) return value;
    throw new StartError(
      "PXY_START_USAGE",
      `invalid value for ${option}: give a whole number, at most ${max}`,
    );
  };
}

// What setTimeout takes at most: 2^31 - 1, 24 days.
export const maxTimeoutMs = 2_147_483_647;

export function hostNames(value: string, before: readonly string[] = []): readonly string[] {
  if (!/^[a-z0-9._-]+$/i.test(value) && !/^\[[0-9a-f:.]+\]$/i.test(value)) {
    throw new StartError(
      "PXY_START_USAGE",
      "invalid value for --allow-host: give a name or address alone, without scheme or port",
    );
  }
  return [...before, value.toLowerCase()];
}

export function repeated(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

export function uids(text: string, before: readonly number[] = []): readonly number[] {
  return [...before, wholeNumber("--allow-uid", 4_294_967_294)(text)];
}

export function timeout(option: string): (text: string) => number {
  return wholeNumber(option, maxTimeoutMs);
}

export function tlsVersion(text: string): "TLSv1.2" | "TLSv1.3" {
  if (text === "1.2" || text === "1.3") return `TLSv${text}`;
  throw new StartError("PXY_START_USAGE", "invalid value for --upstream-tls-min-version: give 1.2 or 1.3");
}

export function serverName(text: string): string {
  if (/^(?=.*[a-z])[a-z0-9._-]{1,253}$/i.test(text)) return text;
  throw new StartError("PXY_START_USAGE", "invalid value for --upstream-sni: give a host name alone");
}

export function level(text: string): HardeningLevel {
  if (text === "all" || text === "secrecy" || text === "none") return text;
  throw new StartError("PXY_START_USAGE", "invalid value for --require-hardening: give all, secrecy or none");
}
