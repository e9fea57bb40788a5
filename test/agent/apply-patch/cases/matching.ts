// Where the lines of a patch are found in a file, and what is put in their place.

import { becomes, both, edit, type PatchCase, refused } from "./case.ts";

const abc = "a\nb\nc\n";
const missing = (...lines: readonly string[]) =>
  refused(`Failed to find expected lines in f:\n${lines.join("\n")}`);

/** Each of these stands for an ASCII character. */
const alike: readonly (readonly [name: string, typographic: string, ascii: string])[] = [
  ["a hyphen", "\u2010", "-"],
  ["a non-breaking hyphen", "\u2011", "-"],
  ["an en dash", "\u2013", "-"],
  ["a horizontal bar", "\u2015", "-"],
  ["a minus sign", "\u2212", "-"],
  ["a left single quote", "\u2018", "'"],
  ["a low single quote", "\u201a", "'"],
  ["a reversed single quote", "\u201b", "'"],
  ["a left double quote", "\u201c", '"'],
  ["a low double quote", "\u201e", '"'],
  ["a reversed double quote", "\u201f", '"'],
  ["a no-break space", "\u00a0", " "],
  ["an en space", "\u2002", " "],
  ["a hair space", "\u200a", " "],
  ["a narrow no-break space", "\u202f", " "],
  ["a mathematical space", "\u205f", " "],
  ["an ideographic space", "\u3000", " "],
];

/** These do not stand for what they look like. */
const unlike: readonly (readonly [name: string, character: string, ascii: string])[] = [
  ["a prime", "\u2032", "'"],
  ["a full-width hyphen", "\uff0d", "-"],
  ["an en quad", "\u2000", " "],
  ["an ellipsis", "\u2026", "..."],
  ["a zero-width space", "\u200b", ""],
];

export const matchingCases: readonly PatchCase[] = [
  edit("lines are replaced where they are", abc, ["@@", " a", "-b", "+B", " c"], "a\nB\nc\n"),
  edit("lines are put in between lines of context", "a\nb\n", ["@@", " a", "+x", " b"], "a\nx\nb\n"),
  edit("lines keep the patch's order", abc, ["@@", " a", "+1", "-b", "+2", " c", "+3"], "a\n1\n2\nc\n3\n"),
  edit("lines that are not there are listed", abc, ["@@", "-zz", "-yy", "+B"], missing("zz", "yy")),
  edit("more lines than the file has are not found", "a\n", ["@@", " a", " b", "-c"], missing("a", "b", "c")),
  edit("nothing is found in an empty file", "", ["@@", "-a"], missing("a")),
  edit("all lines can be removed", abc, ["@@", "-a", "-b", "-c"], ""),
  edit("a patch may change nothing", abc, ["@@", " a"], abc),
  edit("a line may be replaced by itself", abc, ["@@", "-a", "+a"], abc),
  edit("the first of equal places is taken", "x\ny\nx\ny\n", ["@@", " x", "-y", "+z"], "x\nz\nx\ny\n"),
  edit(
    "a second chunk is looked for below the first",
    "a\na\n",
    ["@@", "-a", "+A", "@@", "-a", "+A"],
    "A\nA\n",
  ),
  edit("chunks in the wrong order are not found", abc, ["@@", "-c", "+C", "@@", "-a", "+A"], missing("a")),
  edit(
    "chunks do not share lines",
    "a\nb\nc\nd\n",
    ["@@", " a", " b", " c", "-d", "@@", " c", "+x"],
    missing("c"),
  ),
  edit(
    "a place that begins like the right one does not hide it",
    "a\na\nb\n",
    ["@@", " a", "-b", "+B"],
    "a\na\nB\n",
  ),
  edit(
    "a place that overlaps with a false start is found",
    "a\nb\na\nb\na\nc\n",
    ["@@", " a", " b", " a", "-c", "+C"],
    "a\nb\na\nb\na\nC\n",
  ),

  edit("lines below a context are found below it", "h\nx\ni\nx\n", ["@@ i", "-x", "+y"], "h\nx\ni\ny\n"),
  edit(
    "a context is found without its indentation",
    "  def f():\n    x\n",
    ["@@ def f():", "-    x", "+    y"],
    "  def f():\n    y\n",
  ),
  edit("a context with more indentation is found", "a\nb\n", ["@@   a", "-b", "+B"], "a\nB\n"),
  edit("the line of a context is not among the lines below it", abc, ["@@ b", "-b", "+B"], missing("b")),
  edit(
    "a context that is not there is named",
    abc,
    ["@@ zzz", "-b", "+B"],
    refused("Failed to find context 'zzz' in f"),
  ),
  edit(
    "a context is taken to its end",
    abc,
    ["@@ a @@", "-b", "+B"],
    refused("Failed to find context 'a @@' in f"),
  ),
  edit(
    "line numbers of other kinds of patch are taken as context",
    abc,
    ["@@ -1,3 +1,3 @@", "-a", "+A"],
    refused("Failed to find context '-1,3 +1,3 @@' in f"),
  ),
  edit(
    "each context is looked for below what came before it",
    "h\na\nb\nh\na\nb\n",
    ["@@ h", " a", "-b", "+B", "@@ h", "-a", "+A"],
    "h\na\nB\nh\nA\nb\n",
  ),

  edit("lines without a place go to the end", abc, ["@@", "+new"], "a\nb\nc\nnew\n"),
  edit(
    "lines without a place go to the end although a context is given",
    abc,
    ["@@ a", "+new"],
    "a\nb\nc\nnew\n",
  ),
  edit(
    "lines without a place need their context all the same",
    abc,
    ["@@ zz", "+new"],
    refused("Failed to find context 'zz' in f"),
  ),
  edit("lines without a place go into an empty file", "", ["@@", "+new"], "new\n"),
  edit("two chunks without a place keep their order", abc, ["@@", "+1", "@@", "+2"], "a\nb\nc\n1\n2\n"),
  edit("an edit may come after lines for the end", abc, ["@@", "+1", "@@", "-a", "+A"], "A\nb\nc\n1\n"),
  edit(
    "lines for the end may stand between edits",
    abc,
    ["@@", "-a", "+A", "@@", "+1", "@@", "-c", "+C"],
    "A\nb\nC\n1\n",
  ),
  edit("a blank last line stays where lines are added at the end", "a\n\n", ["@@", "+new"], "a\n\nnew\n", {
    reference: becomes("a\nnew\n"),
  }),
  edit("a file of one blank line keeps it", "\n", ["@@", "+new"], "\nnew\n", { reference: becomes("new\n") }),

  edit(
    "an end-of-file marker takes the last of equal places",
    "x\ny\nx\ny\n",
    ["@@", " x", "-y", "+Z", "*** End of File"],
    "x\ny\nx\nZ\n",
  ),
  edit(
    "an end-of-file marker finds nothing further up",
    "x\ny\nz\n",
    ["@@", " x", "-y", "+Z", "*** End of File"],
    missing("x", "y"),
  ),
  edit(
    "an end-of-file marker holds for its own chunk only",
    abc,
    ["@@", "-a", "+A", "*** End of File", "@@", "-c", "+C"],
    missing("a"),
  ),
  edit(
    "an end-of-file marker may cover the whole file",
    abc,
    ["@@", " a", " b", " c", "+d", "*** End of File"],
    "a\nb\nc\nd\n",
  ),
  edit("lines can be added at the end with the marker", abc, ["@@", "+d", "*** End of File"], "a\nb\nc\nd\n"),
  edit(
    "lines can be added at the end with context and marker",
    "a\nh\nb\n",
    ["@@ h", "+n", "*** End of File"],
    "a\nh\nb\nn\n",
  ),
  edit(
    "the end of the file is looked for below the context",
    "h\na\nh\na\n",
    ["@@ h", "-a", "+A", "*** End of File"],
    "h\na\nh\nA\n",
  ),
  edit(
    "the end of the file is not found above the context",
    "a\nh\n",
    ["@@ h", "-a", "-h", "+A", "*** End of File"],
    missing("a", "h"),
    {
      reference: becomes("A\n"),
    },
  ),
  edit(
    "the end of the file is not taken twice",
    "x\ny\n",
    ["@@", "-x", "-y", "+z", "@@", " y", "*** End of File"],
    missing("y"),
    { reference: becomes("z\n") },
  ),
  edit(
    "a file without a last line ending has the same end",
    "a\nb",
    ["@@", "-b", "+B", "*** End of File"],
    "a\nB\n",
  ),

  edit(
    "a blank line at a chunk's end may stand for the end of the file",
    abc,
    ["@@", " b", "-c", "+C", " "],
    "a\nb\nC\n",
  ),
  edit("so it may with the marker", abc, ["@@", " b", "-c", "+C", " ", "*** End of File"], "a\nb\nC\n"),
  edit("so it may when it is removed", abc, ["@@", " b", "-c", "-", "+C"], "a\nb\nC\n"),
  edit("a blank line that was added with it goes with it", abc, ["@@", "-c", "-", "+C", "+"], "a\nb\nC\n"),
  edit("a blank line before added ones is added with them", "b\n", ["@@", " b", " ", "+X"], "b\n\nX\n"),
  edit(
    "only one blank line may stand for the end",
    "a\n",
    ["@@", "-a", "-", "-", "+q"],
    missing("a", "", ""),
  ),
  edit("a blank line alone that is nowhere stands for the start", "a\n", ["@@", "-", "+q"], "q\na\n"),
  edit("a blank line alone that is kept is added at the start", "a\n", ["@@", " ", "+q"], "\nq\na\n"),
  edit("two blank lines may stand for the only one", "\n", ["@@", " ", "-"], ""),
  edit("a blank line alone stands for an empty file", "", ["@@", "-", "+q"], "q\n"),

  edit(
    "a line with white space after it is found, and stays as it is",
    "a  \nb\n",
    ["@@", " a", "-b", "+B"],
    "a  \nB\n",
    {
      reference: becomes("a\nB\n"),
    },
  ),
  edit(
    "white space after a line of the patch does not reach the file",
    "a\nb\n",
    ["@@", " a   ", "-b", "+B"],
    "a\nB\n",
    {
      reference: becomes("a   \nB\n"),
    },
  ),
  edit(
    "a line with other indentation is found, and stays as it is",
    "    a\n  b\n",
    ["@@", " a", "-b", "+B"],
    "    a\nB\n",
    {
      reference: becomes("a\nB\n"),
    },
  ),
  edit("a line of spaces is found as a blank one", "a\n\nc\n", ["@@", " a", "   ", "-c", "+C"], "a\n\nC\n", {
    reference: becomes("a\n  \nC\n"),
  }),
  edit(
    "white space at an end is forgiven before indentation is",
    "  x\nx  \n",
    ["@@", "-x", "+y"],
    "  x\ny\n",
  ),
  edit(
    "an exact place is taken before one further up that is alike",
    " x\nx\n",
    ["@@", "-x", "+y"],
    " x\ny\n",
  ),
  edit("U+0085 counts as white space", "\u0085x\n", ["@@", "-x", "+y"], "y\n"),
  edit(
    "typographic context stays in the file",
    "a \u2013 \u201cq\u201d x\u00a0y\nb\n",
    ["@@", ' a - "q" x y', "-b", "+B"],
    "a \u2013 \u201cq\u201d x\u00a0y\nB\n",
    { reference: becomes('a - "q" x y\nB\n') },
  ),
  edit(
    "typographic context does not reach the file",
    'a - "q" x y\nb\n',
    ["@@", " a \u2013 \u201cq\u201d x\u00a0y", "-b", "+B"],
    'a - "q" x y\nB\n',
    { reference: becomes("a \u2013 \u201cq\u201d x\u00a0y\nB\n") },
  ),
  ...alike.map(([name, typographic, ascii]) =>
    edit(`${name} is found as its ASCII character`, `p${typographic}q\n`, ["@@", `-p${ascii}q`, "+y"], "y\n"),
  ),
  ...unlike.map(([name, character, ascii]) =>
    edit(
      `${name} is not taken for ASCII`,
      `p${character}q\n`,
      ["@@", `-p${ascii}q`, "+y"],
      missing(`p${ascii}q`),
    ),
  ),
  edit("a NUL character is a character", "a\0\nb\n", ["@@", "-b", "+B"], "a\0\nB\n"),
  edit(
    "characters beyond the first plane are kept",
    "\u{1f600}\nb\n",
    ["@@", " \u{1f600}", "-b", "+\u{1f680}"],
    "\u{1f600}\n\u{1f680}\n",
  ),
  edit(
    "a byte order mark stays in front of a first line that changes",
    "\ufeffa\nb\n",
    ["@@", "-a", "+A"],
    "\ufeffA\nb\n",
    both(missing("a")),
  ),
  edit(
    "a byte order mark stays when another line changes",
    "\ufeffa\nb\n",
    ["@@", "-b", "+B"],
    "\ufeffa\nB\n",
  ),
  edit("a byte order mark can be removed by name", "\ufeffa\nb\n", ["@@", "-\ufeffa", "+a"], "a\nb\n"),
  edit("a byte order mark can be added", "a\nb\n", ["@@", "-a", "+\ufeffa"], "\ufeffa\nb\n"),
];
