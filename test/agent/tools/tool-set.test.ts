// What a model is offered: which tools, in which order, of which shapes.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { modelTraits } from "../../../agent/models/models.ts";
import type { Tool } from "../../../agent/tools/tool.ts";
import { toolSet } from "../../../agent/tools/tool-set.ts";

const extra = (name: string): Tool => ({
  names: [name],
  schema: { type: "function", name },
  mayRunInParallel: false,
  run: async () => ({ output: name }),
});

function offered(model: string, features: readonly string[], extraTools: readonly Tool[] = []) {
  const config = { features: { isEnabled: (key: string) => features.includes(key) } };
  return toolSet({ config, traits: modelTraits(model), extraTools });
}

function namesOf(set: ReturnType<typeof toolSet>): readonly unknown[] {
  return set.tools.map(({ schema }) => schema?.name ?? schema?.type);
}

describe("the tools of a thread", () => {
  test("are offered in the order that models know, those of others behind them by name", () => {
    const set = offered("gpt-5", ["web_search_request", "view_image_tool"], [extra("b__x"), extra("a__y")]);
    assert.deepEqual(namesOf(set).slice(-5), ["update_plan", "web_search", "view_image", "a__y", "b__x"]);
  });

  test("leave out what is switched off", () => {
    const names = namesOf(offered("gpt-5", []));
    assert.deepEqual([names.includes("web_search"), names.includes("view_image")], [false, false]);
  });

  test("are commands in terminals beside the shell, or in its place, as the features say", () => {
    const first = (...features: readonly string[]) => namesOf(offered("gpt-5-codex", features)).slice(0, 3);
    const terminals = ["exec_command", "write_stdin"];
    assert.deepEqual(first("unified_exec"), [...terminals, "shell"]);
    assert.deepEqual(first("streamable_shell"), [...terminals, "update_plan"]);
    assert.deepEqual(first("unified_exec", "streamable_shell"), [...terminals, "update_plan"]);
    assert.deepEqual(first(), ["shell", "update_plan", "apply_patch"]);
  });

  test("of another's name are never offered in the place of ours, nor beside it", () => {
    const impostors = ["update_plan", "container.exec", "a__x", "a__x"].map(extra);
    const set = offered("gpt-5", [], impostors);
    assert.deepEqual(namesOf(set), ["shell", "update_plan", "a__x"]);
    assert.ok(set.tools.every((tool) => !impostors.slice(0, 2).includes(tool)));
  });

  test("have the names and parameters that models were trained on", () => {
    const set = offered("gpt-5-codex", ["web_search_request", "view_image_tool"]);
    assert.deepEqual(
      set.tools.map(({ schema }) => withoutWords(schema)),
      [
        {
          ...{ type: "function", name: "shell", strict: false },
          parameters: {
            type: "object",
            properties: {
              command: { type: "array", items: { type: "string" } },
              justification: { type: "string" },
              timeout_ms: { type: "number" },
              with_escalated_permissions: { type: "boolean" },
              workdir: { type: "string" },
            },
            required: ["command"],
            additionalProperties: false,
          },
        },
        {
          ...{ type: "function", name: "update_plan", strict: false },
          parameters: {
            type: "object",
            properties: {
              explanation: { type: "string" },
              plan: {
                type: "array",
                items: {
                  type: "object",
                  properties: { step: { type: "string" }, status: { type: "string" } },
                  required: ["step", "status"],
                  additionalProperties: false,
                },
              },
            },
            required: ["plan"],
            additionalProperties: false,
          },
        },
        { type: "custom", name: "apply_patch", format: { type: "grammar", syntax: "lark" } },
        { type: "web_search" },
        {
          ...{ type: "function", name: "view_image", strict: false },
          parameters: {
            type: "object",
            properties: { path: { type: "string" } },
            required: ["path"],
            additionalProperties: false,
          },
        },
      ],
    );
  });
});

/** A schema without what is only there to be read. */
function withoutWords(schema: unknown): unknown {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([name, value]) => !["description", "definition"].includes(name) || typeof value !== "string")
      .map(([name, value]) => [name, withoutWords(value)]),
  );
}
