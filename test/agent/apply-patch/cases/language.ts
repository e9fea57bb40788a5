// What is a patch and what is not, with the number of the line that is wrong.

import { becomes, both, edit, type PatchCase, patchOf, refused, update } from "./case.ts";

const abc = "a\nb\nc\n";
const capitalB = becomes("a\nB\nc\n");
const bToB = update("@@", "-b", "+B");
const firstLine = refused("Invalid patch: The first line of the patch must be '*** Begin Patch'");
const lastLine = refused("Invalid patch: The last line of the patch must be '*** End Patch'");

const header = (line: number, text: string) =>
  refused(
    `Invalid patch hunk on line ${line}: '${text}' is not a valid hunk header. Valid hunk headers: ` +
      "'*** Add File: {path}', '*** Delete File: {path}', '*** Update File: {path}'",
  );
const unexpected = (line: number, text: string) =>
  refused(
    `Invalid patch hunk on line ${line}: Unexpected line found in update hunk: '${text}'. Every line should ` +
      "start with ' ' (context line), '+' (added line), or '-' (removed line)",
  );
const noHeader = (line: number, text: string) =>
  refused(
    `Invalid patch hunk on line ${line}: Expected update hunk to start with a @@ context marker, got: '${text}'`,
  );
const empty = refused("Invalid patch hunk on line 2: Update file hunk for path 'f' is empty");
const noLines = (line: number) =>
  refused(`Invalid patch hunk on line ${line}: Update hunk does not contain any lines`);

function whole(
  title: string,
  patch: string,
  outcome: PatchCase["outcome"],
  originals: Pick<PatchCase, "reference" | "newest"> = {},
): PatchCase {
  return { title, before: { f: abc }, patch, outcome, ...originals };
}

export const languageCases: readonly PatchCase[] = [
  whole("text that is no patch is refused for its first line", "hello", firstLine),
  whole("an empty text is refused for its last line", "", lastLine),
  whole("white space alone is refused as an empty text is", " \n\t\n", lastLine),
  whole("a begin marker alone is refused for its last line", "*** Begin Patch", lastLine),
  whole("an end marker alone is refused for its first line", "*** End Patch", firstLine),
  whole(
    "a patch without sections modifies nothing",
    "*** Begin Patch\n*** End Patch",
    refused("No files were modified."),
  ),
  whole("a patch that ends without its marker is refused", bToB.replace("\n*** End Patch", ""), lastLine),
  whole("text after the end marker is refused", `${bToB}\nfoo`, lastLine),
  whole("text before the begin marker is refused", `foo\n${bToB}`, firstLine),
  whole("an end marker that is written twice ends the patch", `${bToB}\n*** End Patch`, capitalB, {
    reference: header(6, "*** End Patch"),
  }),
  whole(
    "a begin marker that is written twice is refused",
    `*** Begin Patch\n${bToB}`,
    header(2, "*** Begin Patch"),
  ),
  whole(
    "a second patch after the first is refused",
    `${bToB}\n${update("@@", "-c", "+C")}`,
    header(6, "*** End Patch"),
    { newest: lastLine },
  ),
  whole("white space around the patch is ignored", `\n\n  ${bToB}  \n\n`, capitalB),
  whole(
    "white space around the outer markers is ignored",
    bToB.replace("*** Begin Patch", " *** Begin Patch  ").replace("*** End Patch", "   *** End Patch "),
    capitalB,
    { reference: firstLine },
  ),
  whole(
    "white space around a section's header is ignored",
    bToB.replace("*** Update File: f", "  *** Update File: f   "),
    capitalB,
  ),
  whole(
    "a second space before a path belongs to the path",
    bToB.replace(": f", ":  f"),
    refused("Failed to read file to update  f: No such file or directory (os error 2)"),
  ),
  whole(
    "markers are told apart by case",
    bToB.replace("Update File", "update file"),
    header(2, "*** update file: f"),
  ),
  whole("lines of the patch may end with CR LF", bToB.replaceAll("\n", "\r\n"), capitalB),

  whole("a here-document with the quoted word EOF is taken off", `<<'EOF'\n${bToB}\nEOF\n`, capitalB),
  whole("a here-document with the plain word EOF is taken off", `<<EOF\n${bToB}\nEOF`, capitalB),
  whole("a here-document with the word EOF in double quotes is taken off", `<<"EOF"\n${bToB}\nEOF`, capitalB),
  whole(
    "the end of a here-document is recognised by its last three letters",
    `<<'EOF'\n${bToB}\nxxEOF`,
    capitalB,
  ),
  whole("a here-document with another word is refused", `<<'PATCH'\n${bToB}\nPATCH`, firstLine),
  whole("a here-document without an end is refused", `<<'EOF'\n${bToB}\n`, firstLine),
  whole("a here-document with unlike quotes is refused", `<<'EOF"\n${bToB}\nEOF`, firstLine),
  whole("a here-document with a space before its word is refused", `<< 'EOF'\n${bToB}\nEOF`, firstLine),
  whole("a here-document with a dash is refused", `<<-EOF\n${bToB}\nEOF`, firstLine),
  whole("a here-document too short for a patch is refused", "<<'EOF'\n*** Begin Patch\nEOF", firstLine),
  whole(
    "a here-document around a patch without sections modifies nothing",
    "<<'EOF'\n*** Begin Patch\n*** End Patch\nEOF",
    refused("No files were modified."),
  ),
  whole("a command in the text is refused", `apply_patch <<'EOF'\n${bToB}\nEOF`, firstLine),
  whole(
    "a here-document around no patch is refused for its inner first line",
    "<<'EOF'\nfoo\nbar\nEOF",
    firstLine,
  ),

  whole("an unknown section is refused", patchOf("*** Foo: x"), header(2, "*** Foo: x")),
  whole(
    "an unknown section after a good one is refused, and the good one is not applied",
    patchOf("*** Add File: x", "+1", "*** Bogus"),
    header(4, "*** Bogus"),
  ),
  whole("a section without a path is refused", patchOf("*** Add File: ", "+x"), header(2, "*** Add File:")),
  whole(
    "a section without a space before its path is refused",
    patchOf("*** Add File:x"),
    header(2, "*** Add File:x"),
  ),
  whole(
    "a line without a plus ends an added file and is refused",
    patchOf("*** Add File: x", "+1", "foo"),
    header(4, "foo"),
  ),
  whole(
    "an added file's first line without a plus is refused",
    patchOf("*** Add File: x", "abc"),
    header(3, "abc"),
  ),
  whole(
    "a blank line within an added file is refused",
    patchOf("*** Add File: x", "+1", "", "+2"),
    header(4, ""),
  ),
  whole(
    "a blank line after an added file is refused",
    patchOf("*** Add File: x", "+1", "", "*** Add File: y", "+2"),
    header(4, ""),
  ),
  whole(
    "a blank line before the first section is refused",
    patchOf("", "*** Add File: y", "+2"),
    header(2, ""),
  ),
  whole(
    "a blank line after a deletion is refused",
    patchOf("*** Delete File: f", "", "*** Add File: y", "+2"),
    header(3, ""),
  ),
  whole("lines below a deletion are refused", patchOf("*** Delete File: f", "-a"), header(3, "-a")),

  edit("an update without chunks is refused", abc, [], empty),
  edit("an update that only moves is refused", abc, ["*** Move to: g"], empty),
  edit(
    "an update that moves twice is refused",
    abc,
    ["*** Move to: g", "*** Move to: h", "@@", "-a"],
    empty,
    {
      newest: unexpected(4, "*** Move to: h"),
    },
  ),
  edit("a move without a path is refused", abc, ["*** Move to: ", "@@", "-a", "+A"], empty, {
    reference: refused("Failed to write file "),
    newest: unexpected(3, "*** Move to: "),
  }),
  edit(
    "a move after a chunk is refused",
    abc,
    ["@@", "-a", "+A", "*** Move to: g"],
    header(6, "*** Move to: g"),
    {
      newest: noHeader(6, "*** Move to: g"),
    },
  ),
  edit(
    "a move with white space before it is a line of context",
    abc,
    [" *** Move to: g", "@@", "-a", "+A"],
    refused("Failed to find expected lines in f:\n*** Move to: g"),
  ),
  edit("a header without lines below it is refused", abc, ["@@"], noLines(4)),
  edit(
    "a header with only an end-of-file marker below it is refused",
    abc,
    ["@@", "*** End of File"],
    noLines(4),
  ),
  edit("an end-of-file marker alone is refused", abc, ["*** End of File"], empty),
  edit(
    "a second end-of-file marker is refused",
    abc,
    ["@@", "-c", "+C", "*** End of File", "*** End of File"],
    header(7, "*** End of File"),
    { newest: noHeader(7, "*** End of File") },
  ),
  edit(
    "a header right before the next section is refused",
    abc,
    ["@@", "*** Add File: g", "+x"],
    unexpected(4, "*** Add File: g"),
  ),
  edit("a first line without a sign is refused with its own number", abc, ["xb"], unexpected(3, "xb"), {
    reference: unexpected(4, "xb"),
  }),
  edit(
    "a header without a space before its context is refused",
    abc,
    ["@@x", "-a", "+A"],
    unexpected(3, "@@x"),
    {
      reference: unexpected(4, "@@x"),
    },
  ),
  edit("a line without a sign after a header is refused", abc, ["@@", "xb"], unexpected(4, "xb")),
  edit("a line without a sign ends a chunk and is refused", abc, ["@@", "-b", "xb"], noHeader(5, "xb")),
  edit(
    "a line that starts with one star ends a chunk and is refused",
    abc,
    ["@@", "-b", "*b"],
    noHeader(5, "*b"),
  ),
  edit("a line that starts with a tab is refused", "a\nc\n", ["@@", " a", "\tb", "-c"], noHeader(5, "\tb")),
  edit(
    "a header with white space before it is a line of context",
    abc,
    [" @@", "-a", "+A"],
    refused("Failed to find expected lines in f:\n@@\na"),
  ),

  edit("the first chunk needs no header", abc, ["-b", "+B"], "a\nB\nc\n"),
  edit("a header may have white space after it", abc, ["@@ ", "-a", "+A"], "A\nb\nc\n", {
    reference: refused("Failed to find context '' in f"),
  }),
  edit(
    "a blank line in a chunk is a blank line of context",
    "a\n\nc\n",
    ["@@", " a", "", "-c", "+C"],
    "a\n\nC\n",
  ),
  edit(
    "a chunk may start with a blank line after its header",
    "a\n\nc\n",
    ["@@", "", "-c", "+C"],
    "a\n\nC\n",
  ),
  edit("a blank line before a chunk without a header is skipped", "a\n\nc\n", ["", "-c", "+C"], "a\n\nC\n"),
  edit(
    "a blank line before the next header is skipped",
    "a\nb\nc\nd\n",
    ["@@", "-a", "+A", "", "@@", "-c", "+C"],
    "A\nb\nC\nd\n",
  ),
  {
    title: "a blank line after an update is skipped",
    before: { f: abc },
    patch: update("@@", "-a", "+A", "", "*** Add File: y", "+2"),
    outcome: { says: ["A y", "M f"], after: { f: "A\nb\nc\n", y: "2\n" } },
  },
  {
    title: "two blank lines after an update count as lines of the file",
    before: { f: abc },
    patch: update("@@", "-a", "+A", "", "", "*** Add File: y", "+2"),
    outcome: refused("Failed to find expected lines in f:\na\n\n"),
  },
  edit("a line of stars is context after a space", "* a\nb\n", ["@@", " * a", "-b", "+B"], "* a\nB\n"),
  edit("signs after the sign belong to the line", "+a\n-c\n", ["@@", " +a", "--c", "++C"], "+a\n+C\n"),
  edit(
    "a line that looks like a header is context after a space",
    "@@ a\nb\n",
    ["@@", " @@ a", "-b", "+B"],
    "@@ a\nB\n",
  ),
  edit(
    "an end-of-file marker may have white space after it",
    abc,
    ["@@", "-c", "+C", "*** End of File  "],
    "a\nb\nC\n",
    {
      reference: header(6, "*** End of File"),
    },
  ),
  edit(
    "a blank line after an end-of-file marker is skipped",
    abc,
    ["@@", "-c", "+C", "*** End of File", ""],
    "a\nb\nC\n",
  ),
  edit(
    "headers one after the other are looked for one after the other",
    "class A\n  def f\n    x\nclass B\n  def f\n    x\n",
    ["@@ class B", "@@   def f", "-    x", "+    y"],
    "class A\n  def f\n    x\nclass B\n  def f\n    y\n",
    both(unexpected(4, "@@   def f")),
  ),
  edit(
    "three headers one after the other are looked for in their order",
    "a\nb\nx\nc\nx\n",
    ["@@ a", "@@ b", "@@ c", "-x", "+y"],
    "a\nb\nx\nc\ny\n",
    both(unexpected(4, "@@ b")),
  ),
  edit(
    "an empty header among headers is no context",
    "a\nb\n",
    ["@@", "@@ a", "-b", "+B"],
    "a\nB\n",
    both(unexpected(4, "@@ a")),
  ),
  edit(
    "headers without lines below them are refused",
    abc,
    ["@@ a", "@@ b"],
    noLines(5),
    both(unexpected(4, "@@ b")),
  ),
  edit(
    "of several contexts the one that is not there is named",
    abc,
    ["@@ a", "@@ zz", "-b"],
    refused("Failed to find context 'zz' in f"),
    both(unexpected(4, "@@ zz")),
  ),
];
