// What `codex doctor` prints: a line a check, with the command that puts it right below it, or JSON in the
// shape that readers of the original's report know.

import { withVisibleControls } from "../foreign-text.ts";
import { type Check, type CheckStatus, worstStatus } from "./check.ts";

const words: Readonly<Record<CheckStatus, string>> = { ok: "ok", warning: "warn", fail: "fail" };
const colours: Readonly<Record<CheckStatus, string>> = { ok: "32", warning: "33", fail: "31" };

export interface ReportStyle {
  /** facts below each line as well */
  readonly hasDetails: boolean;
  /** only the lines, without what to do */
  readonly isSummary: boolean;
  readonly isColoured: boolean;
}

/** The report for people. Text that came from files and the environment cannot steer the terminal. */
export function formatReport(checks: readonly Check[], style: ReportStyle): string {
  const width = Math.max(...checks.map(({ category }) => category.length));
  const lines: string[] = [];
  for (const check of checks) {
    const word = words[check.status].padEnd(4);
    const shown = style.isColoured ? `\u001b[${colours[check.status]}m${word}\u001b[0m` : word;
    const indent = " ".repeat(6 + width + 2);
    const [first = "", ...more] = printable(check.summary).split("\n");
    lines.push(`${shown}  ${check.category.padEnd(width)}  ${first}`, ...more.map((line) => indent + line));
    if (style.isSummary) continue;
    if (style.hasDetails) lines.push(...detailLines(check, indent));
    if (check.remediation !== undefined) lines.push(`${indent}fix: ${printable(check.remediation)}`);
  }
  const count = (status: CheckStatus) => checks.filter((check) => check.status === status).length;
  lines.push("", `${count("ok")} ok, ${count("warning")} warn, ${count("fail")} fail`);
  return `${lines.join("\n")}\n`;
}

function detailLines({ details }: Check, indent: string): string[] {
  return Object.entries(details).flatMap(([name, value]) => {
    const values = typeof value === "string" ? [value] : value;
    return (values.length === 0 ? ["none"] : values).map((one) => `${indent}${name}: ${printable(one)}`);
  });
}

/** The report for programs. */
export function formatJson(checks: readonly Check[], version: string, now: Date): string {
  const report = {
    schemaVersion: 1,
    generatedAt: `${Math.floor(now.getTime() / 1000)}s since unix epoch`,
    overallStatus: worstStatus(checks),
    codexVersion: version,
    checks: Object.fromEntries(
      checks.map(({ id, category, status, summary, details, remediation }) => [
        id,
        { id, category, status, summary, details, remediation: remediation ?? null },
      ]),
    ),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

// What turns the direction of a line, or ends it, could make a remedy read as another one.
function printable(text: string): string {
  return withVisibleControls(text).replace(/[\u2028-\u202e\u2066-\u2069]/g, "\ufffd");
}
