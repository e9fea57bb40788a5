// Says what is wrong with a configuration and where: the message of the original, then the file, line and
// column with the line itself, or the -c argument. A line that may hold a secret is not shown.

import type { Problem, UnknownKey } from "./check.ts";
import { ConfigError } from "./errors.ts";
import { keyText } from "./key-text.ts";
import { type Layer, layerOf } from "./layers.ts";
import { picture } from "./picture.ts";
import { openPlaces } from "./place.ts";
import { isSecretPath } from "./secret-keys.ts";
import type { SourceFile } from "./source-file.ts";

/** One error for all problems of all layers. */
export async function problemsError(
  problems: readonly Problem[],
  layers: readonly Layer[],
): Promise<ConfigError> {
  const texts: string[] = [];
  for (const { path, named, reason } of problems) {
    const where = await whereIs(path, layers, "value");
    texts.push([reason, ...(named === "" ? [] : [`in \`${named}\``]), ...where].join("\n"));
  }
  return new ConfigError("CONFIG_INVALID", texts.join("\n\n"));
}

/** One error for all keys that the schema does not know, where these are errors. */
export async function unknownKeysError(
  unknownKeys: readonly UnknownKey[],
  layers: readonly Layer[],
): Promise<ConfigError> {
  const texts: string[] = [];
  for (const { path, siblings } of unknownKeys) {
    const where = await whereIs(path, layers, "key");
    texts.push([`unknown configuration field \`${keyText(path)}\``, ...where].join("\n"));
    const meant = await likelyKey(path, siblings);
    if (meant !== undefined) texts.push(`${texts.pop()}\ndid you mean \`${meant}\`?`);
  }
  return new ConfigError("CONFIG_UNKNOWN_KEYS", texts.join("\n\n"));
}

/** @returns one line for each key that the schema does not know */
export async function unknownKeyWarnings(
  unknownKeys: readonly UnknownKey[],
  layers: readonly Layer[],
): Promise<readonly string[]> {
  const warnings: string[] = [];
  for (const { path, siblings } of unknownKeys) {
    const meant = await likelyKey(path, siblings);
    const question = meant === undefined ? "" : `; did you mean \`${meant}\`?`;
    warnings.push(`unknown key \`${keyText(path)}\` in ${await sourceName(path, layers)}${question}`);
  }
  return warnings;
}

/** @returns `FILE:LINE`, or `-c KEY=VALUE` */
async function sourceName(path: readonly string[], layers: readonly Layer[]): Promise<string> {
  const layer = layerOf(layers, path);
  if (layer === undefined) return "the configuration";
  if (layer.kind === "override") return overrideName(layer, path);
  const places = (await placesOf(layer.source))(path);
  return places === undefined ? layer.source.path : `${layer.source.path}:${places.key.line}`;
}

async function whereIs(
  path: readonly string[],
  layers: readonly Layer[],
  which: "key" | "value",
): Promise<readonly string[]> {
  const layer = layerOf(layers, path);
  if (layer === undefined) return [];
  if (layer.kind === "override") return [`  --> ${overrideName(layer, path)}`];
  const { source } = layer;
  const places = (await placesOf(source))(path);
  if (places === undefined) return [`  --> ${source.path}`];
  const place = which === "value" ? (places.value ?? places.key) : places.key;
  return [
    `  --> ${source.path}:${place.line}:${place.column}`,
    ...picture(source.text, place, isSecretPath(path)),
  ];
}

function overrideName({ override }: Layer & { kind: "override" }, path: readonly string[]): string {
  const hidesValue = isSecretPath(override.path) || isSecretPath(path) || typeof override.value === "object";
  return `-c ${hidesValue ? `${override.path.join(".")}=…` : override.raw}`;
}

const placesByText = new WeakMap<SourceFile, ReturnType<typeof openPlaces>>();

function placesOf(source: SourceFile): ReturnType<typeof openPlaces> {
  const known = placesByText.get(source) ?? openPlaces(source.text);
  placesByText.set(source, known);
  return known;
}

async function likelyKey(path: readonly string[], siblings: readonly string[]): Promise<string | undefined> {
  const { distance } = await import("fastest-levenshtein");
  const written = path.at(-1) ?? "";
  const alike = written.toLowerCase().replaceAll("-", "_");
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of siblings) {
    const found = { name, distance: distance(alike, name) };
    if (best === undefined || found.distance < best.distance) best = found;
  }
  if (
    best === undefined ||
    best.distance > Math.max(written.length < 4 ? 1 : 2, Math.floor(written.length / 3))
  )
    return undefined;
  return keyText([...path.slice(0, -1), best.name]);
}
