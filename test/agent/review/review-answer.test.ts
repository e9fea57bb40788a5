// What becomes of a reviewing model's last message.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseReview, reviewText } from "../../../agent/review/review-answer.ts";

const finding = {
  title: "[P1] Unlock the table",
  body: "It stays locked.\n\nFor ever.",
  confidence_score: 0.9,
  priority: 1,
  code_location: { absolute_file_path: "/work/f.ts", line_range: { start: 2, end: 3 } },
};
const answer = (findings: readonly unknown[], explanation = "One fault.") =>
  JSON.stringify({ findings, overall_correctness: "patch is incorrect", overall_explanation: explanation });

test("a review is its explanation and a list of findings with their places", () => {
  assert.equal(
    reviewText(parseReview(answer([finding, { ...finding, title: "[P2] Other", body: "Small." }]))),
    "One fault.\n\nFull review comments:\n\n" +
      "- [P1] Unlock the table — /work/f.ts:2-3\n  It stays locked.\n  \n  For ever.\n\n" +
      "- [P2] Other — /work/f.ts:2-3\n  Small.",
  );
  assert.equal(
    reviewText(parseReview(answer([{ ...finding, body: "Small." }], ""))),
    "Review comment:\n\n- [P1] Unlock the table — /work/f.ts:2-3\n  Small.",
  );
  assert.equal(reviewText(parseReview(answer([], "All is well."))), "All is well.");
});

test("words and fences around the object do no harm", () => {
  const expected = parseReview(answer([finding]));
  assert.deepEqual(parseReview(`Here it is:\n\`\`\`json\n${answer([finding])}\n\`\`\`\nDone.`), expected);
  assert.equal(expected.findings.length, 1);
});

test("a finding without a place or a confidence is a finding", () => {
  const review = parseReview(answer([{ title: "T", body: "B" }, { body: "no title" }, 17, null]));
  assert.deepEqual(review.findings, [
    { title: "T", body: "B" },
    { title: "(no title)", body: "no title" },
  ]);
  const half = { ...finding, code_location: { absolute_file_path: "/f", line_range: { start: "2" } } };
  assert.deepEqual(parseReview(answer([half])).findings, [{ title: finding.title, body: finding.body }]);
});

test("an answer that is no review is shown as it is, and none at all is said", () => {
  for (const text of ["Just text.", "{broken", '{"other": 1}', "[1]", "a } b { c"]) {
    assert.equal(reviewText(parseReview(text)), text);
  }
  assert.equal(reviewText(parseReview(" \n")), "The reviewing model gave no answer.");
});
