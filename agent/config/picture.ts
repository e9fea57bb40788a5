// Shows a place of a file as the original does: the line, and a mark below it. A line that may hold a
// secret is not shown, and what a terminal would obey is not sent to it.

import type { Place } from "./place.ts";
import { isSecretLine } from "./secret-keys.ts";

/** @returns three lines, or none where there is nothing that may be shown */
export function picture(text: string, { line, column }: Place, hidesLine: boolean): readonly string[] {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  const shown = lines[line - 1] ?? "";
  if (hidesLine || isSecretLine(lines, line - 1) || shown.length > 200) return [];
  const margin = " ".repeat(String(line).length);
  const indent = shown.slice(0, column - 1).replace(/[^\t]/g, " ");
  return [`${margin} |`, `${line} | ${withoutControls(shown)}`, `${margin} | ${indent}^`];
}

function withoutControls(text: string): string {
  return text.replace(/[^\P{Cc}\t]/gu, "\ufffd");
}
