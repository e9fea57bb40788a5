// What a model is offered, and what its calls are answered with where nothing of that name was.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { modelTraits } from "../../../agent/models/models.ts";
import type { Tool } from "../../../agent/tools/tool.ts";
import { findTool, schemasOf, toolSet } from "../../../agent/tools/tool-set.ts";

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
  return schemasOf(set).map(({ name, type }) => name ?? type);
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

  test("are commands in terminals in the place of the shell where unified_exec is on", () => {
    const names = namesOf(offered("gpt-5-codex", ["unified_exec"]));
    assert.deepEqual(names.slice(0, 2), ["exec_command", "write_stdin"]);
    assert.ok(!names.includes("shell") && namesOf(offered("gpt-5-codex", []))[0] === "shell");
  });

  test("answer a call of an unknown name as the model's family expects it", () => {
    const set = offered("gpt-5", []);
    assert.throws(() => findTool(set, { kind: "function", name: "nope" }), {
      name: "ToolFailure",
      message: "unsupported call: nope",
    });
    assert.throws(() => findTool(set, { kind: "custom", name: "nope" }), {
      name: "ToolFailure",
      message: "unsupported custom tool call: nope",
    });
  });

  test("of another's name are never taken for one of ours", async () => {
    const set = offered("gpt-5", [], [extra("update_plan")]);
    assert.equal(
      findTool(set, { kind: "function", name: "update_plan" }),
      set.tools.find(({ names }) => names[0] === "update_plan"),
    );
    await assert.rejects(
      findTool(set, { kind: "function", name: "update_plan" }).run(
        { callId: "c", kind: "function", name: "update_plan", input: "{}" },
        {} as never,
      ),
      { message: "failed to parse function arguments: missing field `plan`" },
    );
  });
});
