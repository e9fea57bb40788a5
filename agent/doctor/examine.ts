// Runs the checks one after the other. A check that throws is a failed check and ends none of the others.

import type { Check, Finding } from "./check.ts";

/** A check under its id, in the order in which reports show it. */
export interface Examination {
  readonly id: string;
  readonly category: string;
  run(): Finding | Promise<Finding>;
}

/** @returns one result for each, in order */
export async function examine(examinations: readonly Examination[]): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const { id, category, run } of examinations) {
    checks.push({ id, category, ...(await attempt(run)) });
  }
  return checks;
}

async function attempt(run: () => Finding | Promise<Finding>): Promise<Finding> {
  try {
    return await run();
  } catch (error) {
    const { message, hint } = error as { readonly message?: string; readonly hint?: string };
    const finding: Finding = { status: "fail", summary: message ?? String(error), details: {} };
    return hint === undefined ? finding : { ...finding, remediation: hint };
  }
}
