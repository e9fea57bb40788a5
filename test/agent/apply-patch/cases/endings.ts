// How lines end. A line that is not changed keeps its ending; one that is put in gets that of the first line.

import { becomes, edit, type PatchCase, patchOf, refused } from "./case.ts";

export const endingCases: readonly PatchCase[] = [
  edit("a file with CR LF keeps it", "a\r\nb\r\nc\r\n", ["@@", " a", "-b", "+B", " c"], "a\r\nB\r\nc\r\n", {
    reference: becomes("a\nB\nc\n"),
  }),
  edit("lines at the end of a file with CR LF get it", "a\r\nb\r\n", ["@@", "+z"], "a\r\nb\r\nz\r\n", {
    reference: becomes("a\r\nb\r\nz\n"),
  }),
  edit(
    "a new line is like the file's first",
    "a\r\nb\nc\r\n",
    ["@@", " a", "-b", "+B", " c"],
    "a\r\nB\r\nc\r\n",
    {
      reference: becomes("a\nB\nc\n"),
    },
  ),
  edit(
    "lines of context keep the endings they have",
    "a\nb\r\nc\r\n",
    ["@@", " a", " b", "-c", "+C"],
    "a\nb\r\nC\n",
    {
      reference: becomes("a\nb\nC\n"),
    },
  ),
  edit("a mixed file stays mixed", "a\nb\r\nc\n", ["@@", "-c", "+C"], "a\nb\r\nC\n"),
  edit("a last line without an ending gets one", "a\nb", ["@@", "-a", "+A"], "A\nb\n"),
  edit(
    "a last line without an ending gets CR LF in such a file",
    "a\r\nb",
    ["@@", "-a", "+A"],
    "A\r\nb\r\n",
    {
      reference: becomes("A\nb\n"),
    },
  ),
  edit("a last line that is replaced gets an ending", "a\nb", ["@@", "-b", "+B"], "a\nB\n"),
  edit("lines go below a last line without an ending", "a\nb", ["@@", "+new"], "a\nb\nnew\n"),
  edit("a last line without an ending can be removed", "a\nb", ["@@", "-b"], "a\n"),
  edit("the only line without an ending can be removed", "a", ["@@", "-a"], ""),
  edit("a patch that changes nothing ends the last line", "a\nb", ["@@", " a"], "a\nb\n"),
  edit("a CR within a line is part of it", "a\rb\nc\n", ["@@", "-c", "+C"], "a\rb\nC\n", {
    newest: becomes("a\rb\nC\r"),
  }),
  edit(
    "a CR before CR LF is white space at the line's end",
    "a\r\r\nb\r\n",
    ["@@", " a", "-b", "+B"],
    "a\r\r\nB\r\n",
    {
      reference: becomes("a\nB\n"),
      newest: refused("Failed to find expected lines in f:\na\nb"),
    },
  ),
  edit("a CR within a line of the patch is part of it", "a\nb\n", ["@@", "-b", "+B\rq"], "a\nB\rq\n"),
  {
    title: "an added file has LF, however the patch's lines end",
    before: {},
    patch: patchOf("*** Add File: x", "+a", "+b").replaceAll("\n", "\r\n"),
    outcome: { says: ["A x"], after: { x: "a\nb\n" } },
  },
  {
    title: "a file that is moved keeps its endings",
    before: { f: "a\r\nb\r\n" },
    patch: patchOf("*** Update File: f", "*** Move to: g", "@@", "-a", "+A"),
    outcome: { says: ["M g"], after: { g: "A\r\nb\r\n" } },
    reference: { says: ["M g"], after: { g: "A\nb\r\n" } },
  },
  {
    title: "a file that is overwritten does not keep its endings",
    before: { f: "a\r\nb\r\n" },
    patch: patchOf("*** Add File: f", "+q"),
    outcome: { says: ["A f"], after: { f: "q\n" } },
  },
];
