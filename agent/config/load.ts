// Makes the effective configuration: layers merged into one tree, the tree held against the schema, then
// the profile and dedicated flags on top. Everything is read here and nothing is written.

import { realpath, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { resolveCodexHome } from "../codex-home.ts";
import type { Environment } from "../environment.ts";
import { checkValue } from "./check.ts";
import type { Config, TomlTable } from "./config.ts";
import { ConfigError } from "./errors.ts";
import type { FlagOverrides } from "./flags.ts";
import { type Layer, layerOf, mergeLayers, overrideLayer } from "./layers.ts";
import { managedConfigPath, readManagedConfig } from "./managed.ts";
import { parseOverride } from "./override.ts";
import { selectedProfile } from "./profiles.ts";
import { rootType } from "./schema.ts";
import { settle } from "./settle.ts";
import { readSourceFile, type SourceFile } from "./source-file.ts";
import { syntaxError } from "./syntax-error.ts";
import { isTable, parseToml, TomlSyntaxError } from "./toml.ts";

export interface ConfigRequest {
  readonly environment: Environment;
  /** absolute: the folder that the process was started in */
  readonly cwd: string;
  /** raw arguments of -c, in the order in which they apply */
  readonly overrides: readonly string[];
  readonly flags: FlagOverrides;
  /** --strict-config: keys that nobody knows are errors instead of warnings */
  readonly isStrict: boolean;
  warn(message: string): void;
}

export interface LoadedConfig {
  readonly config: Config;
  /** config.toml, which need not exist */
  readonly path: string;
  /** the lowest first */
  readonly layers: readonly Layer[];
  /** all layers in one, before profile and flags */
  readonly tree: TomlTable;
  /** table of the profile in force */
  readonly profileTable?: TomlTable;
}

/**
 * @throws ConfigError if a file cannot be read, is not TOML or has values that the schema refuses, and if
 *   the profile, the provider or the working directory does not exist
 */
export function loadConfig(request: ConfigRequest): Promise<LoadedConfig> {
  return loadConfigWith(request, { managedPath: managedConfigPath });
}

/** loadConfig with another file of the administrator, for tests: no variable and no flag may name it. */
export async function loadConfigWith(
  request: ConfigRequest,
  { managedPath }: { readonly managedPath: string },
): Promise<LoadedConfig> {
  const { environment, flags, warn } = request;
  const codexHome = await resolveCodexHome(environment);
  const path = join(codexHome, "config.toml");
  const overrides = request.overrides.map((raw) => overrideLayer(parseOverride(raw)));
  const [file, managed] = await Promise.all([
    flags.ignoresUserConfig === true ? undefined : readSourceFile(path),
    readManagedConfig(managedPath),
  ]);
  const fileLayers = file === undefined ? [] : [fileLayer("file", file)];
  const managedLayers = managed === undefined ? [] : [fileLayer("managed", managed)];

  let layers: readonly Layer[] = [...fileLayers, ...overrides, ...managedLayers];
  let tree = mergeLayers(layers);
  const profileFile = await readProfileFile(codexHome, tree, flags.profile);
  if (profileFile !== undefined) {
    layers = [...fileLayers, fileLayer("profile-file", profileFile), ...overrides, ...managedLayers];
    tree = mergeLayers(layers);
  }
  await check(tree, layers, request);

  const profile = selectedProfile(tree, flags.profile, profileFile !== undefined);
  const config = await settle({
    codexHome,
    cwd: await workingDirectory(request.cwd, flags.cd),
    environment,
    flags,
    tree,
    profile,
    isProfileFile: profileFile !== undefined,
    isFromOverride: (keys) => layerOf(layers, keys)?.kind === "override",
    processCwd: request.cwd,
    warn,
  });
  return {
    config,
    path,
    layers,
    tree,
    ...(profile?.table === undefined ? {} : { profileTable: profile.table }),
  };
}

function fileLayer(kind: "file" | "profile-file" | "managed", source: SourceFile): Layer {
  return { kind, tree: parseSource(source), source };
}

/** @throws ConfigError with the place */
export function parseSource(source: SourceFile): TomlTable {
  try {
    return parseToml(source.text.replace(/^\ufeff/, ""));
  } catch (error) {
    if (!(error instanceof TomlSyntaxError)) throw error;
    throw syntaxError(source, error);
  }
}

/** Later versions keep a profile in a file of its own; a table of config.toml with that name goes first. */
async function readProfileFile(
  codexHome: string,
  tree: TomlTable,
  flag: string | undefined,
): Promise<SourceFile | undefined> {
  const name = flag ?? tree.profile;
  if (typeof name !== "string" || !/^[A-Za-z0-9_-]+$/.test(name)) return undefined;
  if (isTable(tree.profiles) && Object.hasOwn(tree.profiles, name)) return undefined;
  return readSourceFile(join(codexHome, `${name}.config.toml`));
}

async function check(tree: TomlTable, layers: readonly Layer[], request: ConfigRequest): Promise<void> {
  const { problems, unknownKeys } = checkValue(tree, rootType);
  if (problems.length === 0 && unknownKeys.length === 0) return;
  const { problemsError, unknownKeysError, unknownKeyWarnings } = await import("./report.ts");
  if (problems.length > 0) throw await problemsError(problems, layers);
  if (request.isStrict) throw await unknownKeysError(unknownKeys, layers);
  for (const warning of await unknownKeyWarnings(unknownKeys, layers)) request.warn(warning);
}

async function workingDirectory(processCwd: string, cd: string | undefined): Promise<string> {
  const folder = resolve(processCwd, cd ?? ".");
  if (cd === undefined) return folder;
  try {
    if ((await stat(folder)).isDirectory()) return await realpath(folder);
  } catch (error) {
    throw new ConfigError(
      "CONFIG_WORKING_DIRECTORY_MISSING",
      `cannot work in ${folder}: there is no such folder`,
      {
        cause: error,
      },
    );
  }
  throw new ConfigError("CONFIG_WORKING_DIRECTORY_MISSING", `cannot work in ${folder}: it is not a folder`);
}
