// A history is valid whatever was recorded, and what a summary leaves of it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { estimatedTokens } from "../../../agent/conversation/token-estimate.ts";
import type { InputItem } from "../../../agent/model-client/items.ts";
import { userMessage } from "../../../agent/model-client/items.ts";
import { History, normalized } from "../../../agent/thread/history.ts";

const said = (text: string) => userMessage([{ type: "input_text", text }]);
const call = (id: string): InputItem => ({
  type: "function_call",
  name: "shell",
  arguments: "{}",
  call_id: id,
});
const output = (id: string, text = "ok"): InputItem => ({
  type: "function_call_output",
  call_id: id,
  output: text,
});

describe("a history that was recorded", () => {
  test("keeps calls, their outputs and the order in which they came", () => {
    const items = [said("go"), call("a"), call("b"), output("b"), output("a"), said("on")];
    assert.deepEqual(normalized(items), items);
  });

  test("gives each call without an output one that says that it was aborted", () => {
    assert.deepEqual(normalized([call("a"), said("on")]), [call("a"), output("a", "aborted"), said("on")]);
    assert.deepEqual(
      normalized([{ type: "custom_tool_call", call_id: "p", name: "apply_patch", input: "" }]).at(-1),
      { type: "custom_tool_call_output", call_id: "p", output: "aborted" },
    );
  });

  test("answers a local shell call by its call id, or by its own id where it has no other", () => {
    const action = { type: "exec", command: ["ls"] };
    const items = normalized([
      { type: "local_shell_call", call_id: "a", action },
      { type: "local_shell_call", id: "ls_1", action },
    ]);
    assert.deepEqual(
      items.filter(({ type }) => type === "function_call_output"),
      [output("a", "aborted"), output("ls_1", "aborted")],
    );
  });

  test("drops outputs without a call, outputs before their call, and outputs of the other kind", () => {
    assert.deepEqual(normalized([output("x"), said("go")]), [said("go")]);
    assert.deepEqual(normalized([output("a"), call("a")]), [call("a"), output("a", "aborted")]);
    assert.deepEqual(normalized([call("a"), { ...output("a"), type: "custom_tool_call_output" }]), [
      call("a"),
      output("a", "aborted"),
    ]);
  });

  test("drops a second output of one call, and calls that no output could name", () => {
    assert.deepEqual(normalized([call("a"), output("a", "1"), output("a", "2")]), [
      call("a"),
      output("a", "1"),
    ]);
    assert.deepEqual(normalized([{ type: "function_call", name: "shell", arguments: "{}" }]), []);
  });

  test("is repaired once more when it is replaced, and grows by what is added", () => {
    const history = new History([said("a")]);
    history.add([call("a"), output("a")]);
    assert.deepEqual(history.items, [said("a"), call("a"), output("a")]);
    history.replace([output("a"), said("b")]);
    assert.deepEqual(history.items, [said("b")]);
  });
});

test("a picture is estimated as a picture, not by the length of its data", () => {
  const image = userMessage([
    { type: "input_image", image_url: `data:image/png;base64,${"A".repeat(400_000)}` },
  ]);
  assert.ok(estimatedTokens([image]) < 2_000);
  assert.ok(estimatedTokens([said("x".repeat(4_000))]) > 1_000);
});
