// Commands as one line of text: a shell reads the same words from it.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { commandText } from "../../agent/command-text.ts";

test("words are quoted as the original quotes them, in pieces where one kind of mark does not do", () => {
  const words = ["echo", "a=b", "x,y", "%", "^a", "a^b", "~", "#", "é", "it's $HOME", "", "a]b", "[", "{a}"];
  const more = ["!x", "a!b'c", "\\", "`x`", "a\nb", "'", "'\\'", "$x'^", "-+./:@_9Z"];
  // As 0.50.0 printed it.
  assert.equal(
    commandText([...words, ...more]),
    `echo 'a=b' 'x,y' '%' '^a' a'^b' '~' '#' 'é' "it's "'$HOME' '' a]b '[' '{a}' '!x' 'a!b'"'c" "\\\\" '\`x\`' 'a\nb' "'" "'\\\\'" '$x'"'"'^' -+./:@_9Z`,
  );
  assert.equal(commandText(["bash", "-lc", "echo hi"]), "bash -lc 'echo hi'");
  assert.equal(
    commandText(["bash", "-lc", "printf 'a b'\necho 'q\"x'"]),
    `bash -lc "printf 'a b'\necho 'q\\"x'"`,
  );
});

test("a shell reads the words that were written", () => {
  const word = fc.string({ unit: fc.constantFrom(..."'\"\\`$!^ \nab~*é;&|<>(){}#=-") });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
      const { stdout } = spawnSync("sh", ["-c", `printf '%s\\0' ${commandText(words)}`], {
        encoding: "utf8",
      });
      assert.deepEqual(stdout.split("\0").slice(0, -1), words);
    }),
    { numRuns: 60 },
  );
});
