// What each family of models is offered and sent, as the table has it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { modelLimits, modelTraits } from "../../../agent/models/models.ts";

/** shell, result form, patch tool, whether it reasons, whether in parallel, prompt */
function summary(model: string): string {
  const traits = modelTraits(model);
  return [
    traits.shellTool,
    traits.shellOutput,
    traits.applyPatchTool ?? "-",
    traits.reasons ? "reasons" : "-",
    traits.mayCallToolsInParallel ? "parallel" : "-",
    traits.instructions,
  ].join(" ");
}

describe("what is known of models", () => {
  const families: readonly (readonly [model: string, wanted: string])[] = [
    ["gpt-5-codex", "shell text freeform reasons - codex"],
    ["gpt-5-codex-mini", "shell text freeform reasons - codex"],
    ["codex-something", "shell text freeform reasons - codex"],
    ["gpt-5.1-codex-max", "shell text freeform reasons - codex"],
    ["gpt-5.2-codex", "shell text freeform reasons parallel codex"],
    ["gpt-5", "shell json - reasons - general"],
    ["gpt-5-mini", "shell json - reasons - general"],
    ["gpt-5.1", "shell text freeform reasons parallel general"],
    ["gpt-5.5", "shell text freeform reasons parallel codex"],
    ["gpt-6-sol", "shell text freeform reasons parallel codex"],
    ["o3", "shell json - reasons - general"],
    ["o4-mini", "shell json - reasons - general"],
    ["codex-mini-latest", "local_shell json - reasons - general"],
    ["gpt-4.1", "shell json - - - general"],
    ["gpt-4o", "shell json - - - general"],
    ["gpt-oss:20b", "shell json function - - general"],
    ["test-gpt-5-codex", "shell json - reasons parallel codex"],
    ["llama3", "shell json - - - general"],
    ["", "shell json - - - general"],
  ];
  for (const [model, wanted] of families) {
    test(`gives ${model === "" ? "no name" : model} what its family takes`, () =>
      assert.equal(summary(model), wanted));
  }

  test("does not depend on the vendor that a router puts in front", () => {
    assert.deepEqual(modelTraits("openai/gpt-oss-120b"), modelTraits("gpt-oss-120b"));
  });

  test("takes verbosity from gpt-5 on, and never for the codex models of that time", () => {
    const models = ["gpt-5", "gpt-5.2", "gpt-6-luna", "gpt-5-codex", "gpt-5.2-codex", "o3", "gpt-4.1"];
    assert.deepEqual(
      models.filter((model) => modelTraits(model).takesVerbosity),
      ["gpt-5", "gpt-5.2", "gpt-6-luna"],
    );
  });

  const limits: readonly (readonly [model: string, window: number, compact: number])[] = [
    ["gpt-5-codex", 272_000, 244_800],
    ["o3", 200_000, 180_000],
    ["gpt-4.1", 1_047_576, 942_818],
    ["gpt-4o", 128_000, 115_200],
    ["gpt-oss:120b", 96_000, 86_400],
    ["gpt-6.1-terra", 500_000, 450_000],
  ];
  for (const [model, window, compact] of limits) {
    test(`knows the window of ${model}, and summarises at nine tenths of it`, () => {
      const { contextWindowTokens, autoCompactTokenLimit } = modelTraits(model);
      assert.deepEqual([contextWindowTokens, autoCompactTokenLimit], [window, compact]);
    });
  }
});

describe("limits in force", () => {
  test("leave a twentieth of the window aside", () => {
    assert.deepEqual(modelLimits({ model: "gpt-5-codex" }), {
      contextWindowTokens: 272_000,
      usableContextTokens: 258_400,
      autoCompactTokenLimit: 244_800,
      maxOutputTokens: 128_000,
    });
  });

  test("are unknown for an unknown model, but for what the user says", () => {
    assert.deepEqual(modelLimits({ model: "llama3" }), {});
    assert.deepEqual(modelLimits({ model: "llama3", modelAutoCompactTokenLimit: 500 }), {
      autoCompactTokenLimit: 500,
    });
    assert.deepEqual(modelLimits({ model: "llama3", modelContextWindow: 1000, modelMaxOutputTokens: 50 }), {
      contextWindowTokens: 1000,
      usableContextTokens: 950,
      autoCompactTokenLimit: 900,
      maxOutputTokens: 50,
    });
  });

  test("summarise within the window, whatever limit the user names", () => {
    const { autoCompactTokenLimit } = modelLimits({ model: "gpt-4o", modelAutoCompactTokenLimit: 1e9 });
    assert.equal(autoCompactTokenLimit, 115_200);
  });
});
