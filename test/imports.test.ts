// The arrows between the parts: what runs a model's commands never loads the code that holds the key, and every
// part of the client imports those below it alone, so that each can be read and tested without those above.

import assert from "node:assert/strict";
import fs from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { packageRoot } from "./proxy-process.ts";

/** From the ground up: folders, or files. What one line holds may import what the lines before it hold. */
const layers: readonly (readonly string[])[] = [
  [
    "agent/bounded-file.ts",
    "agent/clock.ts",
    "agent/command-text.ts",
    "agent/environment.ts",
    "agent/errors.ts",
    "agent/file-lock.ts",
    "agent/foreign-text.ts",
    "agent/git-root.ts",
    "agent/json-object.ts",
    "agent/picture.ts",
    "agent/process-stat.ts",
    "agent/replace-file.ts",
    "agent/shell-word.ts",
    "agent/socket-table.ts",
    "agent/system-error.ts",
  ],
  // A feature is a key of the configuration, and a key may be a feature.
  ["agent/codex-home.ts", "agent/config", "agent/features"],
  ["agent/dotenv.ts", "agent/shell-environment.ts", "agent/http", "agent/models", "agent/apply-patch"],
  ["agent/auth", "agent/proxy-endpoint", "agent/sandbox"],
  ["agent/provider"],
  ["agent/model-connection.ts", "agent/model-client"],
  ["agent/conversation", "agent/instructions", "agent/execution"],
  // Shapes that all of a turn share, and no code behind them.
  ["agent/thread/thread-events.ts"],
  ["agent/approval/approver.ts", "agent/approval/session-approvals.ts"],
  ["agent/tools/tool.ts"],
  ["agent/approval", "agent/sessions"],
  ["agent/tools"],
  ["agent/thread"],
  ["agent/thread-prompts.ts", "agent/cloud-tasks", "agent/doctor", "agent/review"],
  ["agent/engine.ts"],
  ["cli"],
];

interface Import {
  readonly from: string;
  readonly to: string;
}

function sourcesOf(folder: string): readonly string[] {
  return fs
    .readdirSync(join(packageRoot, folder), { withFileTypes: true })
    .flatMap((entry) =>
      entry.isDirectory() ? sourcesOf(join(folder, entry.name)) : join(folder, entry.name),
    )
    .filter((path) => path.endsWith(".ts"));
}

function importsOf(folder: string): readonly Import[] {
  return sourcesOf(folder).flatMap((from) =>
    [...fs.readFileSync(join(packageRoot, from), "utf8").matchAll(/(?:from|import\(?)\s*"(\.[^"]*)"/g)].map(
      ([, path]) => ({ from, to: join(dirname(from), path as string) }),
    ),
  );
}

/** The layer of the longest name that holds the file; -1 where none does. */
function layerOf(path: string): number {
  const names = layers.flat().filter((name) => path === name || path.startsWith(`${name}/`));
  const [name] = names.toSorted((a, b) => b.length - a.length);
  return layers.findIndex((layer) => name !== undefined && layer.includes(name));
}

function partOf(path: string): string {
  return path.split("/").slice(0, 2).join("/");
}

const ofClient = [...importsOf("agent"), ...importsOf("cli")];

test("every file of the client has its place in the order", () => {
  assert.deepEqual(
    [...sourcesOf("agent"), ...sourcesOf("cli")].filter((path) => layerOf(path) < 0),
    [],
  );
});

test("no file of the client imports one from above it, nor the proxy", () => {
  const upward = ofClient.filter(
    ({ from, to }) => layerOf(to) < 0 || layerOf(to) > layerOf(from) || isSideways({ from, to }),
  );
  const texts = upward.map(({ from, to }) => `${from} -> ${to}`);
  // Before anything else runs, the process is made such that nobody looks into it.
  assert.deepEqual(texts, ["cli/main.ts -> hardening/pre-main.ts"]);
});

// Parts on one line do not know of each other, but for the two that say so there.
function isSideways({ from, to }: Import): boolean {
  const together = ["agent/codex-home.ts", "agent/config", "agent/features"];
  if (layerOf(from) !== layerOf(to) || partOf(from) === partOf(to) || from.startsWith("cli/")) return false;
  return layerOf(from) > 0 && !(together.includes(partOf(from)) && together.includes(partOf(to)));
}

test("the proxy and what hardens it import nothing of the client", () => {
  const imports = [...importsOf("proxy"), ...importsOf("hardening")];
  assert.deepEqual(
    imports.filter(({ to }) => /^(agent|cli)\//.test(to)).map(({ from, to }) => `${from} -> ${to}`),
    [],
  );
});
