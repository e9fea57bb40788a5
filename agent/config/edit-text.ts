// Changes values in TOML text and nothing else: comments, order, quoting, spaces and keys that nobody knows
// stay byte for byte. A value that exists is replaced where it stands; a new key goes to its table's end.

import type { AST } from "toml-eslint-parser";
import type { TomlTable, TomlValue } from "./config.ts";
import { keyPartText, keyText } from "./key-text.ts";
import { isTable } from "./toml.ts";
import { valueText } from "./toml-text.ts";

/** A value to set at a path, or to remove where it is undefined. Integers are bigint. */
export interface TextEdit {
  readonly path: readonly string[];
  readonly value: TomlValue | undefined;
}

export type TomlAstParser = (text: string, options: { tomlVersion: "1.1" }) => AST.TOMLProgram;

/**
 * @param text - a TOML document
 * @throws UnreachablePathError if a path leads through an array of tables, where it names no one table
 */
export function editText(text: string, edits: readonly TextEdit[], parse: TomlAstParser): string {
  let edited = text;
  for (const { path, value } of edits) {
    if (value === undefined) edited = removeAt(edited, path, parse);
    else if (isTable(value)) edited = setTable(removeAt(edited, path, parse), path, value, parse);
    else edited = setLeaf(edited, path, value, parse);
  }
  return edited;
}

/** A path that names no one place. */
export class UnreachablePathError extends Error {}

type Container = AST.TOMLTopLevelTable | AST.TOMLTable | AST.TOMLInlineTable;

/** `KEYS = VALUE` somewhere in the document. */
interface Entry {
  readonly keys: readonly string[];
  readonly node: AST.TOMLKeyValue;
  readonly container: Container;
  /** keys of the container, with which `keys` begins */
  readonly prefix: readonly string[];
}

/** `[KEYS]`, or `[[KEYS]]` */
interface Heading {
  readonly keys: readonly string[];
  readonly node: AST.TOMLTable;
  /** `[[…]]`, or below one */
  readonly isInArray: boolean;
}

interface Outline {
  readonly text: string;
  readonly newline: string;
  readonly entries: readonly Entry[];
  readonly headings: readonly Heading[];
}

function outlineOf(text: string, parse: TomlAstParser): Outline {
  const entries: Entry[] = [];
  const headings: Heading[] = [];
  const addEntries = (
    container: Container,
    nodes: readonly AST.TOMLKeyValue[],
    prefix: readonly string[],
  ) => {
    for (const node of nodes) {
      const keys = [...prefix, ...namesOf(node.key)];
      entries.push({ keys, node, container, prefix });
      if (node.value.type === "TOMLInlineTable") addEntries(node.value, node.value.body, keys);
    }
  };
  const top = parse(text, { tomlVersion: "1.1" }).body[0];
  addEntries(
    top,
    top.body.filter((node) => node.type === "TOMLKeyValue"),
    [],
  );
  for (const node of top.body) {
    if (node.type !== "TOMLTable") continue;
    const keys = namesOf(node.key);
    const isInArray = node.resolvedKey.some((key) => typeof key === "number");
    headings.push({ keys, node, isInArray });
    if (!isInArray) addEntries(node, node.body, keys);
  }
  return { text, newline: /\r?\n/.exec(text)?.[0] ?? "\n", entries, headings };
}

function setTable(text: string, path: readonly string[], table: TomlTable, parse: TomlAstParser): string {
  const members = Object.entries(table);
  if (members.length === 0 || isInInlineTable(outlineOf(text, parse), path)) {
    return setLeaf(text, path, table, parse);
  }
  return members.reduce((edited, [key, value]) => {
    const inner = [...path, key];
    return isTable(value) ? setTable(edited, inner, value, parse) : setLeaf(edited, inner, value, parse);
  }, text);
}

function setLeaf(text: string, path: readonly string[], value: TomlValue, parse: TomlAstParser): string {
  const outline = outlineOf(text, parse);
  const { entries, headings } = outline;
  const same = entries.find(({ keys }) => isSame(keys, path));
  if (same !== undefined) return replaced(text, same.node.value, value);
  if (
    headings.some(({ keys, isInArray }) => isInArray && keys.length < path.length && startsWith(path, keys))
  ) {
    throw new UnreachablePathError(`${keyText(path)} leads through an array of tables`);
  }
  if (
    entries.some(({ keys }) => startsWith(keys, path)) ||
    headings.some(({ keys }) => startsWith(keys, path))
  ) {
    return setLeaf(removeAt(text, path, parse), path, value, parse);
  }

  const above = entries.findLast(({ keys }) => startsWith(path, keys));
  if (above !== undefined) {
    const { node, keys } = above;
    if (node.value.type !== "TOMLInlineTable") {
      // a plain value where a table is needed
      return setLeaf(removeAt(text, keys, parse), path, value, parse);
    }
    return withInlineMember(text, node.value, `${keyText(path.slice(keys.length))} = ${valueText(value)}`);
  }

  const table = path.slice(0, -1);
  const line = `${keyPartText(path.at(-1) ?? "")} = ${valueText(value)}`;
  const heading = headings.find(({ keys, isInArray }) => !isInArray && isSame(keys, table));
  if (heading !== undefined) {
    return insertedAfterLine(outline, (heading.node.body.at(-1) ?? heading.node.key).range[1], line);
  }
  const dotted = dottedNeighbour(outline, table);
  if (dotted !== undefined) {
    const key = keyText(path.slice(dotted.prefix.length));
    return insertedAfterLine(outline, dotted.node.range[1], `${key} = ${valueText(value)}`);
  }
  if (table.length === 0) return insertedAtRoot(outline, line);
  return appended(outline, [`[${keyText(table)}]`, line]);
}

/**
 * A table that is made by dotted keys goes on by dotted keys: it may not have a heading too. Below one that has
 * a heading, dotted keys from above may not reach.
 */
function dottedNeighbour({ entries, headings }: Outline, table: readonly string[]): Entry | undefined {
  for (let length = table.length; length > 0; length -= 1) {
    const shared = table.slice(0, length);
    if (headings.some(({ keys }) => isSame(keys, shared))) return undefined;
    const found = entries.findLast(
      ({ keys, prefix, container }) =>
        container.type !== "TOMLInlineTable" && prefix.length < length && startsWith(keys, shared),
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

function removeAt(text: string, path: readonly string[], parse: TomlAstParser): string {
  const { entries, headings } = outlineOf(text, parse);
  const isGone = (keys: readonly string[]): boolean => isSame(keys, path) || startsWith(keys, path);
  const cuts: (readonly [number, number])[] = [];
  for (const { keys, node } of headings) {
    if (!isGone(keys)) continue;
    const last = node.body.at(-1) ?? node.key;
    cuts.push([lineStart(text, node.range[0]), lineEnd(text, last.range[1])]);
  }
  const gone = entries.filter(({ keys, prefix }) => isGone(keys) && !isGone(prefix));
  for (const { node, container } of gone) {
    if (container.type !== "TOMLInlineTable") {
      cuts.push([lineStart(text, node.range[0]), lineEnd(text, node.range[1])]);
    }
  }
  const inline = gone.find(({ container }) => container.type === "TOMLInlineTable");
  if (inline !== undefined) {
    // Commas are shared with neighbours: one member at a time.
    return removeAt(
      withoutInlineMember(text, inline.container as AST.TOMLInlineTable, inline.node),
      path,
      parse,
    );
  }
  return cuts
    .sort(([one], [other]) => other - one)
    .reduce((edited, [start, end]) => edited.slice(0, start) + edited.slice(end), text);
}

function isInInlineTable({ entries }: Outline, path: readonly string[]): boolean {
  return entries.some(({ keys, node }) => node.value.type === "TOMLInlineTable" && startsWith(path, keys));
}

function replaced(text: string, node: AST.TOMLContentNode, value: TomlValue): string {
  const written = text.slice(...node.range);
  const isLiteral = typeof value === "string" && /^'[^']/.test(written) && !/['\p{Cc}\p{Cs}]/u.test(value);
  return (
    text.slice(0, node.range[0]) + (isLiteral ? `'${value}'` : valueText(value)) + text.slice(node.range[1])
  );
}

function withInlineMember(text: string, table: AST.TOMLInlineTable, member: string): string {
  const last = table.body.at(-1);
  if (last !== undefined) return `${text.slice(0, last.range[1])}, ${member}${text.slice(last.range[1])}`;
  return `${text.slice(0, table.range[0])}{ ${member} }${text.slice(table.range[1])}`;
}

function withoutInlineMember(text: string, table: AST.TOMLInlineTable, member: AST.TOMLKeyValue): string {
  const index = table.body.indexOf(member);
  const before = table.body[index - 1];
  const after = table.body[index + 1];
  if (after !== undefined) return text.slice(0, member.range[0]) + text.slice(after.range[0]);
  if (before !== undefined) return text.slice(0, before.range[1]) + text.slice(member.range[1]);
  return `${text.slice(0, table.range[0])}{}${text.slice(table.range[1])}`;
}

function insertedAfterLine({ text, newline }: Outline, offset: number, line: string): string {
  const end = lineEnd(text, offset);
  const separator = text[end - 1] === "\n" ? "" : newline;
  return `${text.slice(0, end)}${separator}${line}${newline}${text.slice(end)}`;
}

function insertedAtRoot(outline: Outline, line: string): string {
  const { text, newline, entries, headings } = outline;
  const last = entries.findLast(({ container }) => container.type === "TOMLTopLevelTable");
  if (last !== undefined) return insertedAfterLine(outline, last.node.range[1], line);
  if (headings.length === 0) return appended(outline, [line]);
  // Comments at the top that a blank line sets apart are about the file, others about the first table.
  const preamble =
    /^(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*\r?\n/.exec(text.slice(0, headings[0]?.node.range[0]))?.[0] ?? "";
  return `${preamble}${line}${newline}${newline}${text.slice(preamble.length)}`;
}

function appended({ text, newline }: Outline, lines: readonly string[]): string {
  const isClosed = text === "" || text.endsWith("\n");
  const gap = text.trim() === "" || /\n\r?\n$/.test(text) || lines.length === 1 ? "" : newline;
  return `${text}${isClosed ? "" : newline}${gap}${lines.join(newline)}${newline}`;
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset - 1) + 1;
}

/** @returns the offset after the newline, or the end of the text */
function lineEnd(text: string, offset: number): number {
  const newline = text.indexOf("\n", offset);
  return newline < 0 ? text.length : newline + 1;
}

function namesOf(key: AST.TOMLKey): readonly string[] {
  return key.keys.map((part) => (part.type === "TOMLBare" ? part.name : part.value));
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && startsWith(one, other);
}

function startsWith(path: readonly string[], prefix: readonly string[]): boolean {
  return prefix.length <= path.length && prefix.every((key, index) => path[index] === key);
}
