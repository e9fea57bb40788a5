// Conversations that have become too long: what of them stays, in what order, and how much of it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compactedHistory, userText } from "../../../agent/conversation/compacted-history.ts";
import { estimatedTokens } from "../../../agent/conversation/token-estimate.ts";
import { withoutMiddle } from "../../../agent/conversation/without-middle.ts";
import type { InputItem } from "../../../agent/model-client/items.ts";
import { userMessage } from "../../../agent/model-client/items.ts";

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

describe("a history that is summarized for a small window", () => {
  test("leaves half of its limit to the user's words, in whatever script they are", () => {
    for (const letter of ["n", "字"]) {
      const history = Array.from({ length: 20 }, () => said(letter.repeat(2_000)));
      const compacted = compactedHistory({ initial: [], history, summary: "DONE", limitTokens: 4_000 });
      const tokens = estimatedTokens(compacted);
      assert.ok(tokens > 1_900 && tokens < 2_500, `${letter}: ${tokens}`);
    }
  });
});

test("a text is cut in its middle, and never inside of a character", () => {
  assert.equal(withoutMiddle("short", 5), "short");
  assert.equal(withoutMiddle("abcdefgh", 4), "ab\n[… 4 characters left out …]\ngh");
  assert.equal(withoutMiddle("a😀bcd😀e", 4), "a\n[… 7 characters left out …]\ne");
});
