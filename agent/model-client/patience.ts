// How long the service asks to wait in words, and how much of that a program waits for.

/** More is no pause of a program that somebody waits for; then the answer is final. */
export const maxWaitMs = 5 * 60_000;

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

const amount = String.raw`(\d+(?:\.\d+)?)\s*(ms|milliseconds?|s|seconds?|m|minutes?|h|hours?|d|days?)(?![a-z])`;
const hint = new RegExp(String.raw`try again in\s*((?:${amount}[\s,]*)+)`, "i");

/** @returns the time in "try again in 11.054s", "in 250ms", "in 6m0s", "in 2 minutes"; undefined without one */
export function hintedWaitMs(text: string): number | undefined {
  const [, time] = hint.exec(text) ?? [];
  if (time === undefined) return undefined;
  const parts = [...time.matchAll(new RegExp(amount, "gi"))];
  return Math.ceil(parts.reduce((sum, [, count, unit]) => sum + Number(count) * msOf(unit ?? ""), 0));
}

function msOf(unit: string): number {
  const name = unit.toLowerCase();
  if (name === "ms" || name.startsWith("milli")) return 1;
  return unitMs[name[0] ?? ""] ?? 1000;
}
