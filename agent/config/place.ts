// Finds the line and column of a key. The parser that knows places is slow to load, so it is loaded when
// there is something to say of a place.

import type { AST } from "toml-eslint-parser";

/** Lines and columns count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** What a file says of one path: the key where it is written, and its value unless it is a table's head. */
export interface KeyPlaces {
  readonly key: Place;
  readonly value: Place | undefined;
}

/** @returns a function that finds paths in the text; it finds nothing where the text is not TOML */
export async function openPlaces(text: string): Promise<(path: readonly string[]) => KeyPlaces | undefined> {
  const { parseTOML } = await import("toml-eslint-parser");
  let program: AST.TOMLProgram;
  try {
    program = parseTOML(text.replace(/^\ufeff/, ""), { tomlVersion: "1.1" });
  } catch {
    return () => undefined;
  }
  const exact = new Map<string, KeyPlaces>();
  const parents = new Map<string, KeyPlaces>();
  collect(program.body[0].body, [], exact, parents);
  return (path) => exact.get(identity(path)) ?? parents.get(identity(path));
}

function collect(
  nodes: readonly (AST.TOMLKeyValue | AST.TOMLTable)[],
  above: readonly string[],
  exact: Map<string, KeyPlaces>,
  parents: Map<string, KeyPlaces>,
): void {
  for (const node of nodes) {
    const keys = [...above, ...node.key.keys.map((key) => (key.type === "TOMLBare" ? key.name : key.value))];
    const value = node.type === "TOMLKeyValue" ? placeOf(node.value) : undefined;
    const places = { key: placeOf(node.key), value };
    addFirst(exact, keys, places);
    for (let length = 1; length < keys.length; length += 1) addFirst(parents, keys.slice(0, length), places);
    if (node.type === "TOMLTable") collect(node.body, keys, exact, parents);
    else if (node.value.type === "TOMLInlineTable") collect(node.value.body, keys, exact, parents);
  }
}

function addFirst(map: Map<string, KeyPlaces>, path: readonly string[], places: KeyPlaces): void {
  const key = identity(path);
  if (!map.has(key)) map.set(key, places);
}

function identity(path: readonly string[]): string {
  return JSON.stringify(path);
}

function placeOf(node: { readonly loc: { readonly start: { line: number; column: number } } }): Place {
  return { line: node.loc.start.line, column: node.loc.start.column + 1 };
}
