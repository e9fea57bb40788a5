// Settings as a TOML document: plain keys first, then tables, each line with a note where one is wanted.

import type { Setting } from "./effective.ts";
import { keyPartText, keyText } from "./key-text.ts";
import { valueText } from "./toml-text.ts";

/** @param note - what to say behind a value, or undefined for nothing */
export function documentText(
  settings: readonly Setting[],
  note: (setting: Setting) => string | undefined,
): string {
  const tables = new Map<string, string[]>([["", []]]);
  for (const setting of settings) {
    const table = keyText(setting.path.slice(0, -1));
    const lines = tables.get(table) ?? [];
    tables.set(table, lines);
    const said = note(setting);
    const remark = said === undefined ? "" : `  # ${said.replace(/\p{Cc}/gu, "\ufffd")}`;
    lines.push(`${keyPartText(setting.path.at(-1) ?? "")} = ${valueText(setting.value)}${remark}`);
  }
  return [...tables]
    .map(([table, lines]) => (table === "" ? lines : [`[${table}]`, ...lines]))
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join("\n")}\n`)
    .join("\n");
}
