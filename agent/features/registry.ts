// The features that can be switched: what `codex features list` prints, in its order, and the names of
// later versions, which are known so that nobody is warned about them. Names never change their meaning.

import { createRequire } from "node:module";
import { UnknownFeatureError } from "./errors.ts";
import { laterAliases, laterGroups } from "./later.ts";

export type FeatureStage =
  | "experimental"
  | "beta"
  | "stable"
  | "under development"
  | "deprecated"
  | "removed";

export interface Feature {
  readonly key: string;
  readonly stage: FeatureStage;
  readonly isOnByDefault: boolean;
  /** names that mean the same in [features] and with --enable, and are deprecated */
  readonly aliases: readonly string[];
  /** one line; of later features this program knows no more than the name */
  readonly description?: string;
}

/** Features of 0.50, in the order in which they are listed. */
export const features: readonly Feature[] = [
  {
    key: "unified_exec",
    stage: "experimental",
    isOnByDefault: false,
    aliases: ["experimental_use_unified_exec_tool"],
    description: "one tool for commands that may go on while the model reads and writes to them",
  },
  {
    key: "streamable_shell",
    stage: "experimental",
    isOnByDefault: false,
    aliases: ["experimental_use_exec_command_tool"],
    description: "the tools exec_command and write_stdin instead of shell",
  },
  {
    key: "rmcp_client",
    stage: "experimental",
    isOnByDefault: false,
    aliases: ["experimental_use_rmcp_client"],
    description: "MCP servers over streamable HTTP, with OAuth",
  },
  {
    key: "apply_patch_freeform",
    stage: "beta",
    isOnByDefault: false,
    aliases: ["experimental_use_freeform_apply_patch", "include_apply_patch_tool"],
    description: "apply_patch as a tool of its own that takes the patch as plain text",
  },
  {
    key: "view_image_tool",
    stage: "stable",
    isOnByDefault: true,
    aliases: ["include_view_image_tool"],
    description: "lets the model look at image files of this machine",
  },
  {
    key: "web_search_request",
    stage: "stable",
    isOnByDefault: false,
    aliases: ["web_search"],
    description: "lets the model search the web",
  },
  {
    key: "experimental_sandbox_command_assessment",
    stage: "experimental",
    isOnByDefault: false,
    aliases: [],
    description: "asks the model how risky a command is before the user is asked to approve it",
  },
];

/** Features that only later versions know, by name; few of them have an effect here. */
export const laterFeatures: readonly Feature[] = laterGroups
  .flatMap(({ stage, isOnByDefault, keys }) =>
    keys
      .trim()
      .split(/\s+/)
      .map((key) => ({
        key,
        stage,
        isOnByDefault,
        aliases: Object.keys(laterAliases).filter((alias) => laterAliases[alias] === key),
      })),
  )
  .sort((one, other) => (one.key < other.key ? -1 : 1));

const byName = new Map<string, Feature>(
  [...features, ...laterFeatures].flatMap((feature) =>
    [feature.key, ...feature.aliases].map((name) => [name, feature] as const),
  ),
);

const withoutEffect = new Set(laterFeatures.map(({ key }) => key));
withoutEffect.delete("enable_request_compression");

/** @returns the feature that a key or an alias names */
export function findFeature(name: string): Feature | undefined {
  return byName.get(name);
}

/** Whether [features], --enable and --disable take this name: a key or an alias, of 0.50 or later. */
export function isFeatureName(name: string): boolean {
  return byName.has(name);
}

/**
 * @param name - a key or an alias, as it was typed
 * @throws UnknownFeatureError with the name that was probably meant
 */
export function requireFeature(name: string): Feature {
  const feature = byName.get(name);
  if (feature === undefined) throw new UnknownFeatureError(name, nearestFeature(name));
  return feature;
}

/** Whether the feature is one that later versions know and that changes nothing in this program. */
export function isWithoutEffect(key: string): boolean {
  return withoutEffect.has(key);
}

const require = createRequire(import.meta.url);

/** @returns the key that was probably meant; undefined where none is close */
export function nearestFeature(name: string): string | undefined {
  const wanted = name.toLowerCase().replaceAll("-", "_");
  if (wanted === "") return undefined;
  // Loaded when somebody has mistyped a name, and at once: who asks cannot wait.
  const { closest, distance } = require("fastest-levenshtein") as typeof import("fastest-levenshtein");
  const nearest = closest(wanted, [...byName.keys()]);
  const isClose = distance(wanted, nearest) <= Math.max(1, Math.floor(wanted.length / 4));
  return isClose ? byName.get(nearest)?.key : undefined;
}
