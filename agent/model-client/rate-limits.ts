// How much of a plan's windows is used up, as the service says in the headers of an answer.

export interface RateLimitWindow {
  readonly usedPercent: number;
  readonly windowMinutes?: number;
  /** Unix time in seconds */
  readonly resetsAt?: number;
}

export interface RateLimits {
  readonly primary?: RateLimitWindow;
  readonly secondary?: RateLimitWindow;
}

/**
 * @param nowMs - Unix time; services of before 0.47 count from now
 * @returns undefined where the answer says nothing of it
 */
export function parseRateLimits(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  nowMs: number,
): RateLimits | undefined {
  const window = (which: string): RateLimitWindow | undefined => {
    const read = (name: string) => numberOf(headers[`x-codex-${which}-${name}`]);
    const usedPercent = read("used-percent");
    const windowMinutes = read("window-minutes");
    const resetsAt = read("reset-at") ?? fromNow(read("reset-after-seconds"));
    if (usedPercent === undefined) return undefined;
    if (usedPercent === 0 && (windowMinutes ?? 0) === 0 && resetsAt === undefined) return undefined;
    return {
      usedPercent,
      ...(windowMinutes !== undefined && { windowMinutes }),
      ...(resetsAt !== undefined && { resetsAt }),
    };
  };
  const fromNow = (seconds: number | undefined) =>
    seconds === undefined ? undefined : Math.floor(nowMs / 1000) + seconds;
  const primary = window("primary");
  const secondary = window("secondary");
  if (primary === undefined && secondary === undefined) return undefined;
  return { ...(primary !== undefined && { primary }), ...(secondary !== undefined && { secondary }) };
}

function numberOf(value: string | string[] | undefined): number | undefined {
  if (typeof value !== "string" || value.trim() === "") return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}
