// Which commands are patches. A command that is anything more than that stays a command.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { recognizeInvocation } from "../../../agent/apply-patch/invocation.ts";
import { parsePatch } from "../../../agent/apply-patch/parse.ts";
import { patchOf } from "./cases/case.ts";

const text = patchOf("*** Add File: x", "+1");
const hereDocument = `<<'EOF'\n${text}\nEOF\n`;
const script = `apply_patch ${hereDocument}`;

function patch(directory?: string) {
  return { kind: "patch", patch: parsePatch(text), directory };
}

describe("commands that apply a patch and do nothing else", () => {
  const cases: readonly (readonly [title: string, argv: readonly string[], directory?: string])[] = [
    ["the program with the patch as its argument", ["apply_patch", text]],
    ["the program by its other name", ["applypatch", text]],
    ["the program with a here-document as its argument", ["apply_patch", hereDocument]],
    ["bash -lc with a here-document", ["bash", "-lc", script]],
    ["bash -c", ["bash", "-c", script]],
    ["zsh -lc", ["zsh", "-lc", script]],
    ["sh -c", ["sh", "-c", script]],
    ["a shell by its path", ["/usr/local/bin/bash", "-lc", script]],
    ["the other name in a script", ["bash", "-lc", `applypatch ${hereDocument}`]],
    ["a script without a line ending", ["bash", "-lc", script.trimEnd()]],
    ["a script with blank lines around", ["bash", "-lc", `\n\n  ${script}\n \n`]],
    ["a here-document without a space before it", ["bash", "-lc", `apply_patch${hereDocument}`]],
    ["a here-document with spaces before its word", ["bash", "-lc", script.replace("<<", "<<  ")]],
    [
      "a here-document with white space after its word",
      ["bash", "-lc", script.replace("'EOF'\n", "'EOF' \t\n")],
    ],
    ["another word", ["bash", "-lc", script.replaceAll("EOF", "PATCH")]],
    ["a word in double quotes", ["bash", "-lc", script.replace("'EOF'", '"EOF"')]],
    ["a word without quotes", ["bash", "-lc", script.replace("'EOF'", "EOF")]],
    ["cd before it", ["bash", "-lc", `cd foo && ${script}`], "foo"],
    ["cd to an absolute path", ["bash", "-lc", `cd /a/b-c_d.e+f@g && ${script}`], "/a/b-c_d.e+f@g"],
    ["cd with spaces around", ["bash", "-lc", `  cd   foo   &&   ${script}`], "foo"],
    ["cd without spaces around &&", ["bash", "-lc", `cd foo&&${script}`], "foo"],
    ["cd with a line break after &&", ["bash", "-lc", `cd foo &&\n${script}`], "foo"],
    ["cd to a path in single quotes", ["bash", "-lc", `cd 'a $b & "c"' && ${script}`], 'a $b & "c"'],
    ["cd to a path in double quotes", ["bash", "-lc", `cd "a b; 'c'" && ${script}`], "a b; 'c'"],
    ["cd to the parent", ["bash", "-lc", `cd .. && ${script}`], ".."],
  ];
  for (const [title, argv, directory] of cases) {
    test(title, () => assert.deepEqual(recognizeInvocation(argv), patch(directory)));
  }
});

describe("commands that stay commands", () => {
  const inBash: readonly (readonly [title: string, script: string])[] = [
    ["nothing", ""],
    ["the program alone", "apply_patch"],
    ["the program with an argument", `apply_patch '${text}'`],
    ["an argument before the here-document", `apply_patch x ${hereDocument}`],
    ["an argument after the here-document", script.replace("'EOF'\n", "'EOF' x\n")],
    ["a command before it", `echo hi; ${script}`],
    ["a command before it on its own line", `echo hi\n${script}`],
    ["a command that must succeed before it", `true && ${script}`],
    ["a command after it", `${script}echo hi\n`],
    ["a command after it on the same line", script.replace("'EOF'\n", "'EOF' && echo hi\n")],
    ["a pipe after it", script.replace("'EOF'\n", "'EOF' | tee log\n")],
    ["a pipe into it", `cat x | ${script}`],
    ["its output somewhere else", script.replace("'EOF'\n", "'EOF' > log\n")],
    ["a second here-document", script.replace("'EOF'\n", "'EOF' <<'B'\n")],
    ["a variable before it", `A=1 ${script}`],
    ["a negation before it", `! ${script}`],
    ["a subshell", `(${script})`],
    ["a comment", `# ${script}`],
    ["a comment after it", `${script}# x`],
    ["a here-string", `apply_patch <<< '${text}'`],
    ["a here-document whose tabs are taken off", script.replace("<<", "<<-")],
    ["a here-document without an end", `apply_patch <<'EOF'\n${text}\n`],
    ["an end with white space before it", `apply_patch <<'EOF'\n${text}\n EOF\n`],
    ["an end with white space after it", `apply_patch <<'EOF'\n${text}\nEOF \n`],
    ["unlike quotes", script.replace("'EOF'", "'EOF\"")],
    ["quotes around a part of the word", script.replace("'EOF'", "E'OF'")],
    ["a backslash in the word", script.replace("'EOF'", "\\EOF")],
    ["line endings of the other kind", script.replaceAll("\n", "\r\n")],
    ["a name that only begins like it", `apply_patcher ${hereDocument}`],
    ["a path to it", `./apply_patch ${hereDocument}`],
    ["its name in quotes", `'apply_patch' ${hereDocument}`],
    ["cd with two arguments", `cd a b && ${script}`],
    ["cd without arguments", `cd && ${script}`],
    ["cd with an option", `cd -P a && ${script}`],
    ["cd to where it was before", `cd - && ${script}`],
    ["cd to a home", `cd ~/a && ${script}`],
    ["cd to a variable", `cd $A && ${script}`],
    ["cd to a variable in quotes", `cd "$A" && ${script}`],
    ["cd to what a command says", `cd "\`pwd\`" && ${script}`],
    ["cd to a pattern", `cd a* && ${script}`],
    ["cd to braces", `cd {a,b} && ${script}`],
    ["cd to a path with a backslash", `cd a\\ b && ${script}`],
    ["cd to a path with quotes in the middle", `cd a'b' && ${script}`],
    ["cd to two quoted parts", `cd 'a''b' && ${script}`],
    ["cd to an empty path", `cd '' && ${script}`],
    ["cd and a semicolon", `cd a; ${script}`],
    ["cd or else", `cd a || ${script}`],
    ["cd in the background", `cd a & ${script}`],
    ["cd into a pipe", `cd a | ${script}`],
    ["cd twice", `cd a && cd b && ${script}`],
    ["another command than cd", `pushd a && ${script}`],
    ["a command that begins like cd", `cdx a && ${script}`],
  ];
  for (const [title, script] of inBash) {
    test(title, () => assert.deepEqual(recognizeInvocation(["bash", "-lc", script]), { kind: "none" }));
  }
  const commands: readonly (readonly [title: string, argv: readonly string[]])[] = [
    ["no command", []],
    ["a command", ["ls"]],
    ["the program without a patch", ["apply_patch"]],
    ["the program with two arguments", ["apply_patch", text, text]],
    ["the program by a path", ["/bin/apply_patch", text]],
    ["another shell", ["fish", "-c", script]],
    ["a shell with other options", ["bash", "-x", script]],
    ["a shell with more options", ["bash", "-l", "-c", script]],
    ["a shell with arguments after the script", ["bash", "-lc", script, "x"]],
    ["env before a shell", ["env", "bash", "-lc", script]],
  ];
  for (const [title, argv] of commands) {
    test(title, () => assert.deepEqual(recognizeInvocation(argv), { kind: "none" }));
  }
});

describe("patches where a command belongs", () => {
  const cases: readonly (readonly [title: string, argv: readonly string[]])[] = [
    ["a patch alone", [text]],
    ["a here-document alone", [hereDocument]],
    ["a patch as a script", ["bash", "-lc", text]],
    ["a here-document as a script", ["bash", "-lc", hereDocument]],
  ];
  for (const [title, argv] of cases) {
    test(`${title} is told how to be one`, () => {
      const { kind, error } = recognizeInvocation(argv) as { kind: string; error: Error };
      assert.deepEqual(
        { kind, message: error.message },
        {
          kind: "invalid",
          message: 'patch detected without explicit call to apply_patch. Rerun as ["apply_patch", "<patch>"]',
        },
      );
    });
  }
});

describe("commands that apply what is no patch", () => {
  const wrong = "*** Begin Patch\n*** Foo\n*** End Patch";
  const cases: readonly (readonly string[])[] = [
    ["apply_patch", wrong],
    ["bash", "-lc", `apply_patch <<'EOF'\n${wrong}\nEOF`],
    ["bash", "-lc", `cd a && apply_patch <<'EOF'\n${wrong}\nEOF`],
  ];
  for (const argv of cases) {
    test(`${argv.slice(0, -1).join(" ")} is refused for its line 2`, () => {
      const invocation = recognizeInvocation(argv);
      assert.equal(invocation.kind, "invalid");
      assert.match(invocation.error.verification, /^invalid hunk at line 2, '\*\*\* Foo' is not a valid/);
    });
  }
});
