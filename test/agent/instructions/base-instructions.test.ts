// What a model is told before anything else depends on the model and on the tools that it is offered.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { baseInstructions } from "../../../agent/instructions/base-instructions.ts";
import { compactionPrompt, reviewInstructions } from "../../../agent/instructions/task-prompts.ts";
import { userInstructionsMessage } from "../../../agent/instructions/user-instructions.ts";

/** Every tool that the texts may speak of. */
const toolNames = [
  "shell",
  "exec_command",
  "write_stdin",
  "update_plan",
  "apply_patch",
  "view_image",
  "web_search",
  "container.exec",
  "read_file",
];

const offers: readonly (readonly string[])[] = [
  [],
  ["shell"],
  ["local_shell", "update_plan", "view_image"],
  ["shell", "update_plan", "view_image"],
  ["shell", "update_plan", "apply_patch", "view_image"],
  ["exec_command", "write_stdin", "update_plan"],
  ["exec_command", "write_stdin", "update_plan", "apply_patch"],
];

describe("base instructions", () => {
  for (const model of ["gpt-5-codex", "gpt-5", "gpt-5.5", "llama3"]) {
    for (const offered of offers) {
      test(`for ${model} with ${offered.join(", ") || "no tools"} speak of no tool that is not there`, () => {
        const text = baseInstructions({ model }, offered);
        const spokenOf = toolNames.filter((name) => text.includes(`\`${name}\``));
        // The patch program is there wherever commands can be run.
        const hasCommands = offered.some((name) => /shell|exec_command/.test(name));
        const there = hasCommands ? [...offered, "apply_patch"] : offered;
        assert.deepEqual(
          spokenOf.filter((name) => !there.includes(name)),
          [],
        );
        assert.deepEqual(
          offered.filter((name) => name !== "local_shell" && !spokenOf.includes(name)),
          [],
        );
      });
    }
  }

  test("explain patches only where they go through a command", () => {
    const explains = (tools: readonly string[]) =>
      baseInstructions({ model: "gpt-5" }, tools).includes("*** Begin Patch");
    assert.deepEqual(
      [explains([]), explains(["shell"]), explains(["shell", "apply_patch"])],
      [false, true, false],
    );
  });

  test("open with the text of the model's family, and agree on everything else", () => {
    const tools = ["shell", "apply_patch"];
    const common = (text: string) => text.slice(text.indexOf("## Ground rules"));
    const codex = baseInstructions({ model: "gpt-5-codex" }, tools);
    const general = baseInstructions({ model: "gpt-5" }, tools);
    assert.notEqual(codex, general);
    assert.equal(common(codex), common(general));
  });

  test("allow several calls at once only where the model may make them", () => {
    const says = (model: string) =>
      baseInstructions({ model }, ["shell"]).includes("several tool calls at once");
    assert.deepEqual(["gpt-5-codex", "gpt-5", "gpt-5.5"].map(says), [false, false, true]);
  });

  test("tell how to ask for more rights only where calls have a place for it", () => {
    const tells = (tool: string) =>
      baseInstructions({ model: "gpt-5" }, [tool]).includes("`with_escalated_permissions`");
    assert.deepEqual(["shell", "exec_command", "local_shell", "apply_patch"].map(tells), [
      true,
      true,
      false,
      false,
    ]);
  });

  test("give way to a file that the user names, as it is", () => {
    const settings = { model: "gpt-5", experimentalInstructions: "Only this." };
    assert.equal(baseInstructions(settings, ["shell"]), "Only this.");
  });
});

describe("other prompts", () => {
  test("put the texts of AGENTS.md files into a message of their own", () => {
    assert.deepEqual(userInstructionsMessage("Be nice."), {
      type: "message",
      role: "user",
      content: [{ type: "input_text", text: "<user_instructions>\n\nBe nice.\n\n</user_instructions>" }],
    });
  });

  test("ask for a review in a form whose example is of that form", () => {
    const text = reviewInstructions();
    const example = JSON.parse(text.slice(text.indexOf("\n{\n"), text.indexOf("\n}\n") + 2));
    assert.deepEqual(Object.keys(example), [
      "findings",
      "overall_correctness",
      "overall_explanation",
      "overall_confidence_score",
    ]);
    assert.deepEqual(Object.keys(example.findings[0]), [
      "title",
      "body",
      "confidence_score",
      "priority",
      "code_location",
    ]);
  });

  test("ask for a summary and for no calls", () => {
    assert.match(compactionPrompt(), /call no tools/);
  });
});
