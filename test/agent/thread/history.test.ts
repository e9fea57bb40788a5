// A history is valid whatever was recorded, and what a summary leaves of it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { InputItem } from "../../../agent/model-client/items.ts";
import { userMessage } from "../../../agent/model-client/items.ts";
import { compactedHistory, userText } from "../../../agent/thread/compacted-history.ts";
import { History, normalized } from "../../../agent/thread/history.ts";
import { estimatedTokens } from "../../../agent/thread/token-estimate.ts";
import { withoutMiddle } from "../../../agent/thread/without-middle.ts";

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

describe("a history that is replaced by a summary", () => {
  const initial = [
    said("<user_instructions>\n\nBe nice.\n\n</user_instructions>"),
    said("<environment_context>\n</environment_context>"),
  ];

  test("keeps what it began with, what the user said, and the summary", () => {
    const history = [...initial, said("first"), call("a"), output("a"), said("second")];
    const compacted = compactedHistory({ initial, history, summary: "All is done." });
    assert.deepEqual(compacted.slice(0, 4), [...initial, said("first"), said("second")]);
    assert.equal(compacted.length, 5);
    assert.match(JSON.stringify(compacted[4]), /All is done\./);
  });

  test("keeps what the user said, not the earlier summary, when it is replaced again", () => {
    const once = compactedHistory({ initial, history: [...initial, said("first")], summary: "ONE" });
    const twice = compactedHistory({ initial, history: [...once, said("second")], summary: "TWO" });
    assert.deepEqual(twice.slice(0, 4), [...initial, said("first"), said("second")]);
    assert.doesNotMatch(JSON.stringify(twice), /ONE/);
    assert.match(JSON.stringify(twice.at(-1)), /TWO/);
  });

  test("takes no message of the original for one of the user", () => {
    for (const text of [
      "# AGENTS.md instructions for /work\n\n<INSTRUCTIONS>",
      "You were originally given instructions from a user over one or more turns. Here",
      "Another language model started to solve this problem and",
    ]) {
      assert.equal(userText(said(text)), undefined, text);
    }
    assert.equal(userText(said("hello")), "hello");
    assert.equal(userText({ type: "message", role: "assistant", content: [] }), undefined);
  });

  test("holds no more of the user's words than a model can read, the newest first", () => {
    const history = [said("old".repeat(30_000)), said("n".repeat(50_000)), said("last")];
    const [first, second, third] = compactedHistory({ initial: [], history, summary: "" }).map((item) =>
      String((item.content as readonly { readonly text: string }[])[0]?.text),
    );
    assert.ok(first !== undefined);
    assert.ok(first.startsWith("oldold") && first.endsWith("oldold") && first.length < 31_000);
    assert.match(first, /characters left out/);
    assert.equal(second, "n".repeat(50_000));
    assert.equal(third, "last");
    assert.match(JSON.stringify(compactedHistory({ initial: [], history: [], summary: " " })), /no summary/);
  });
});

test("a text is cut in its middle, and never inside of a character", () => {
  assert.equal(withoutMiddle("short", 5), "short");
  assert.equal(withoutMiddle("abcdefgh", 4), "ab\n[… 4 characters left out …]\ngh");
  assert.equal(withoutMiddle("a😀bcd😀e", 4), "a\n[… 7 characters left out …]\ne");
});

test("a picture is estimated as a picture, not by the length of its data", () => {
  const image = userMessage([
    { type: "input_image", image_url: `data:image/png;base64,${"A".repeat(400_000)}` },
  ]);
  assert.ok(estimatedTokens([image]) < 2_000);
  assert.ok(estimatedTokens([said("x".repeat(4_000))]) > 1_000);
});
