// The tables of docs/config.md, made of the schema by which config.toml is checked.

import { rootFields } from "../agent/config/schema.ts";
import type { Field, Fields, ValueType } from "../agent/config/value-type.ts";

/** @returns Markdown: a table of keys for each table of config.toml */
export function configReference(): string {
  const sections: string[] = [];
  addSection("", rootFields, sections);
  return sections.join("\n");
}

function addSection(table: string, fields: Fields, sections: string[]): void {
  const rows = Object.entries(fields).filter(([, { standing }]) => standing !== "kept");
  const kept = Object.entries(fields).filter(([, { standing }]) => standing === "kept");
  const lines = [
    `### ${table === "" ? "At the top" : `\`[${table}]\``}`,
    "",
    "| key | value | default | meaning |",
    "| --- | --- | --- | --- |",
    ...rows.map(([key, field]) => row(key, field)),
  ];
  if (kept.length > 0) {
    const names = kept.map(([key]) => `\`${key}\``).join(", ");
    lines.push("", `Known from other versions, accepted and without effect: ${names}.`);
  }
  sections.push(`${lines.join("\n")}\n`);
  for (const [key, { type, standing }] of rows) {
    if (standing !== "kept") addInnerSections(table === "" ? key : `${table}.${key}`, type, sections);
  }
}

function addInnerSections(path: string, type: ValueType, sections: string[]): void {
  if (type.kind === "map") addInnerSections(`${path}.${type.placeholder}`, type.of, sections);
  if (type.kind !== "table" || Object.keys(type.fields).length === 0) return;
  if (type.name === "ConfigProfile") sections.push(profileSection(path, type.fields));
  else addSection(path, type.fields, sections);
}

/** A profile has keys of the root: they are named, not told again. */
function profileSection(path: string, fields: Fields): string {
  const own = Object.entries(fields).filter(
    ([key, { standing }]) => !(key in rootFields) && standing !== "kept",
  );
  const shared = Object.entries(fields).filter(
    ([key, { standing }]) => key in rootFields && standing !== "kept",
  );
  return `${[
    `### \`[${path}]\``,
    "",
    `As at the top: ${shared.map(([key]) => `\`${key}\``).join(", ")}. Besides:`,
    "",
    "| key | value | default | meaning |",
    "| --- | --- | --- | --- |",
    ...own.map(([key, field]) => row(key, field)),
  ].join("\n")}\n`;
}

function row(key: string, { type, fallback, about, standing }: Field): string {
  const value = typeText(type).replaceAll("|", "\\|");
  const meaning = standing === "legacy" ? `Older key. ${about}` : about;
  return `| \`${key}\` | ${value} | ${fallback === undefined ? "" : `\`${fallback}\``} | ${meaning} |`;
}

function typeText(type: ValueType): string {
  switch (type.kind) {
    case "any":
      return "any";
    case "string":
    case "boolean":
    case "integer":
      return type.kind;
    case "float":
      return "number";
    case "one-of":
      return type.values.map((value) => `\`"${value}"\``).join(", ");
    case "list":
      return type.of.kind === "string" ? "strings" : "list";
    case "map":
      return type.of.kind === "string" ? "table of strings" : `tables by ${type.placeholder}`;
    case "table":
      return "table";
    case "either":
      return [...new Set(type.of.map(typeText))].join(" or ");
  }
}
