import assert from "node:assert/strict";
import { test } from "node:test";
import {
  features,
  findFeature,
  isFeatureName,
  isWithoutEffect,
  laterFeatures,
  nearestFeature,
} from "../../../agent/features/registry.ts";

test("the seven features of 0.50 stand first, in its order, with its stages and defaults", () => {
  assert.deepEqual(
    features.map(({ key, stage, isOnByDefault }) => [key, stage, isOnByDefault]),
    [
      ["unified_exec", "experimental", false],
      ["streamable_shell", "experimental", false],
      ["rmcp_client", "experimental", false],
      ["apply_patch_freeform", "beta", false],
      ["view_image_tool", "stable", true],
      ["web_search_request", "stable", false],
      ["experimental_sandbox_command_assessment", "experimental", false],
    ],
  );
});

test("no name, key or alias, stands for two features", () => {
  const names = [...features, ...laterFeatures].flatMap(({ key, aliases }) => [key, ...aliases]);
  assert.deepEqual(names.length, new Set(names).size);
});

test("names of later versions are known, have a stage and are said to have no effect where they have none", () => {
  assert.deepEqual(findFeature("shell_tool"), {
    key: "shell_tool",
    stage: "stable",
    isOnByDefault: true,
    aliases: [],
  });
  assert.equal(findFeature("collab")?.key, "multi_agent");
  assert.equal(findFeature("ghost_commit")?.stage, "removed");
  assert.ok(laterFeatures.length > 200);
  assert.deepEqual(
    laterFeatures.filter(({ key }) => !isFeatureName(key) || !isWithoutEffect(key)).map(({ key }) => key),
    ["enable_request_compression"],
  );
  assert.deepEqual(
    features.filter(({ key }) => isWithoutEffect(key)),
    [],
  );
});

test("a misspelt name finds the key that was meant, and a strange one finds none", () => {
  const nearest = Object.fromEntries(
    [
      "unified_exce",
      "unified-exec",
      "Web_Search",
      "experimental_use_unified_exec_tol",
      "nosuch",
      "",
      "x",
    ].map((name) => [name, nearestFeature(name)]),
  );
  assert.deepEqual(nearest, {
    unified_exce: "unified_exec",
    "unified-exec": "unified_exec",
    Web_Search: "web_search_request",
    experimental_use_unified_exec_tol: "unified_exec",
    nosuch: undefined,
    "": undefined,
    x: undefined,
  });
});
