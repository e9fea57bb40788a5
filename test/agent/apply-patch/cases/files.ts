// Files as a whole: added, deleted, moved, several in one patch, and what is in their way.

import { both, type Files, type Outcome, type PatchCase, patchOf, refused, update } from "./case.ts";

const abc: Files = { f: "a\nb\nc\n" };
const notText = Uint8Array.of(0x61, 0xff, 0x0a, 0x62, 0x0a);

function done(says: readonly string[], after: Files): Outcome {
  return { says, after };
}

function one(
  title: string,
  before: Files,
  patch: string,
  outcome: Outcome,
  originals: Pick<PatchCase, "reference" | "newest"> = {},
): PatchCase {
  return { title, before, patch, outcome, ...originals };
}

const noSuchFile = "No such file or directory (os error 2)";

export const fileCases: readonly PatchCase[] = [
  one("a file is added", {}, patchOf("*** Add File: x", "+a", "+", "+b"), done(["A x"], { x: "a\n\nb\n" })),
  one(
    "directories are made for a file that is added",
    {},
    patchOf("*** Add File: d/e/x", "+a"),
    done(["A d/e/x"], { "d/e/x": "a\n" }),
  ),
  one("a file can be added empty", {}, patchOf("*** Add File: x"), done(["A x"], { x: "" })),
  one(
    "an empty file can be followed by another",
    {},
    patchOf("*** Add File: x", "*** Add File: y", "+1"),
    done(["A x", "A y"], { x: "", y: "1\n" }),
  ),
  one(
    "a file that is added replaces one that is there",
    abc,
    patchOf("*** Add File: f", "+q"),
    done(["A f"], { f: "q\n" }),
  ),
  one(
    "a file that is added replaces one that is no text",
    { f: notText },
    patchOf("*** Add File: f", "+q"),
    done(["A f"], { f: "q\n" }),
  ),
  one(
    "a file is not added in a directory's place",
    { d: null },
    patchOf("*** Add File: d", "+q"),
    refused("Failed to write file d"),
  ),
  one(
    "a file is not added below a file",
    abc,
    patchOf("*** Add File: f/x", "+q"),
    refused("Failed to create parent directories for f/x"),
    {
      newest: refused("Failed to write file f/x"),
    },
  ),
  one(
    "a path that ends with a slash is no file's",
    {},
    patchOf("*** Add File: x/", "+q"),
    refused("Failed to write file x/"),
    {
      newest: done(["A x/"], { x: "q\n" }),
    },
  ),
  one(
    "the working directory is no file",
    {},
    patchOf("*** Add File: .", "+q"),
    refused("Failed to write file ."),
    {
      newest: refused("Failed to write file /"),
    },
  ),
  one(
    "a name may be too long for the system",
    {},
    patchOf(`*** Add File: ${"x".repeat(300)}`, "+q"),
    refused(`Failed to write file ${"x".repeat(300)}`),
  ),

  one("a file is deleted", abc, patchOf("*** Delete File: f"), done(["D f"], {})),
  one("a file that is no text is deleted", { f: notText }, patchOf("*** Delete File: f"), done(["D f"], {})),
  one(
    "a file that is not there is not deleted",
    abc,
    patchOf("*** Delete File: g"),
    refused("Failed to delete file g"),
  ),
  one(
    "a directory is not deleted",
    { d: null },
    patchOf("*** Delete File: d"),
    refused("Failed to delete file d"),
  ),
  one(
    "nothing below a file is deleted",
    abc,
    patchOf("*** Delete File: f/x"),
    refused("Failed to delete file f/x"),
  ),

  one(
    "a file that is not there is not updated",
    abc,
    patchOf("*** Update File: g", "@@", "-a", "+A"),
    refused(`Failed to read file to update g: ${noSuchFile}`),
  ),
  one(
    "a directory is not updated",
    { d: null },
    patchOf("*** Update File: d", "@@", "-a", "+A"),
    refused("Failed to read file to update d: Is a directory (os error 21)"),
    {
      newest: refused("Failed to read file to update d: path `d` is not a file"),
    },
  ),
  one(
    "nothing below a file is updated",
    abc,
    patchOf("*** Update File: f/x", "@@", "-a", "+A"),
    refused("Failed to read file to update f/x: Not a directory (os error 20)"),
  ),
  one(
    "a file that is no text is not updated",
    { f: notText },
    update("@@", "-b", "+B"),
    refused("Failed to read file to update f: stream did not contain valid UTF-8"),
    {
      newest: refused("Failed to read file to update f: invalid utf-8 sequence of 1 bytes from index 1"),
    },
  ),

  one(
    "a file is moved",
    abc,
    update("*** Move to: n/g", "@@", "-a", "+A"),
    done(["M n/g"], { "n/g": "A\nb\nc\n" }),
  ),
  one(
    "white space after a destination is ignored",
    abc,
    update("*** Move to: g  ", "@@", "-a", "+A"),
    done(["M g"], { g: "A\nb\nc\n" }),
    {
      reference: done(["M g  "], { "g  ": "A\nb\nc\n" }),
    },
  ),
  one(
    "a file that is moved replaces one that is there",
    { f: "a\n", g: "old\n" },
    update("*** Move to: g", "@@", "-a", "+A"),
    done(["M g"], { g: "A\n" }),
  ),
  one(
    "a file that is moved replaces one that is no text",
    { f: "a\n", g: notText },
    update("*** Move to: g", "@@", "-a", "+A"),
    done(["M g"], { g: "A\n" }),
  ),
  one(
    "a file is not moved in a directory's place",
    { f: "a\n", d: null },
    update("*** Move to: d", "@@", "-a", "+A"),
    refused("Failed to write file d"),
  ),
  one(
    "a file that is moved to where it is stays",
    { f: "a\n" },
    update("*** Move to: f", "@@", "-a", "+A"),
    done(["M f"], { f: "A\n" }),
    both(done(["M f"], {})),
  ),
  one(
    "it stays when its path is written in another way",
    { "d/f": "a\n" },
    patchOf("*** Update File: d/f", "*** Move to: ./d/../d/f", "@@", "-a", "+A"),
    done(["M d/f"], { "d/f": "A\n" }),
    both(done(["M ./d/../d/f"], { d: null })),
  ),
  one(
    "a file that cannot be edited is not moved",
    abc,
    update("*** Move to: g", "@@", "-zz"),
    refused("Failed to find expected lines in f:\nzz"),
  ),

  one(
    "the summary has added, modified and deleted files, each in the patch's order",
    { f: "a\n", g: "a\n", h: "a\n" },
    patchOf(
      "*** Delete File: f",
      "*** Update File: g",
      "@@",
      "-a",
      "+b",
      "*** Add File: z",
      "+1",
      "*** Add File: a",
      "+1",
      "*** Update File: h",
      "@@",
      "-a",
      "+b",
    ),
    done(["A z", "A a", "M g", "M h", "D f"], { g: "b\n", h: "b\n", z: "1\n", a: "1\n" }),
  ),
  one(
    "a section finds what the section before it did",
    {},
    patchOf("*** Add File: x", "+1", "*** Update File: x", "@@", "-1", "+2"),
    done(["A x", "M x"], { x: "2\n" }),
  ),
  one(
    "a file can be updated twice",
    { f: "a\nb\n" },
    patchOf("*** Update File: f", "@@", "-a", "+A", "*** Update File: f", "@@", "-b", "+B"),
    done(["M f", "M f"], { f: "A\nB\n" }),
  ),
  one(
    "a file can be added twice",
    {},
    patchOf("*** Add File: x", "+1", "*** Add File: x", "+2"),
    done(["A x", "A x"], { x: "2\n" }),
  ),
  one(
    "a file that was added can be deleted",
    {},
    patchOf("*** Add File: x", "+1", "*** Delete File: x"),
    done(["A x", "D x"], {}),
  ),
  one(
    "a file that was deleted can be added",
    abc,
    patchOf("*** Delete File: f", "*** Add File: f", "+n"),
    done(["A f", "D f"], { f: "n\n" }),
  ),
  one(
    "a file that was deleted cannot be updated",
    abc,
    patchOf("*** Delete File: f", "*** Update File: f", "@@", "-a"),
    refused(`Failed to read file to update f: ${noSuchFile}`),
    {
      reference: { error: `Failed to read file to update f: ${noSuchFile}`, after: {} },
      newest: { error: `Failed to read file to update f: ${noSuchFile}`, after: {} },
    },
  ),
  one(
    "a file that was moved is found where it is now",
    { f: "a\n" },
    patchOf(
      "*** Update File: f",
      "*** Move to: g",
      "@@",
      "-a",
      "+A",
      "*** Update File: g",
      "*** Move to: h",
      "@@",
      "-A",
      "+Z",
    ),
    done(["M g", "M h"], { h: "Z\n" }),
  ),
  one(
    "two files can change places",
    { f: "1\n", g: "2\n" },
    patchOf(
      "*** Update File: f",
      "*** Move to: t",
      "@@",
      " 1",
      "*** Update File: g",
      "*** Move to: f",
      "@@",
      " 2",
      "*** Update File: t",
      "*** Move to: g",
      "@@",
      " 1",
    ),
    done(["M t", "M f", "M g"], { f: "2\n", g: "1\n" }),
  ),
  one(
    "a file can make room for a directory",
    abc,
    patchOf("*** Delete File: f", "*** Add File: f/x", "+1"),
    done(["A f/x", "D f"], { "f/x": "1\n" }),
  ),
  one(
    "nothing is added below a file that was added",
    {},
    patchOf("*** Add File: x", "+1", "*** Add File: x/y", "+2"),
    refused("Failed to create parent directories for x/y"),
    {
      reference: { error: "Failed to create parent directories for x/y", after: { x: "1\n" } },
      newest: { error: "Failed to write file x/y", after: { x: "1\n" } },
    },
  ),
  one(
    "no file is added in the place of a directory that was made",
    {},
    patchOf("*** Add File: d/x", "+1", "*** Add File: d", "+2"),
    refused("Failed to write file d"),
    both({ error: "Failed to write file d", after: { "d/x": "1\n" } }),
  ),
  one(
    "a section that fails keeps those before it from being applied",
    { f: "a\n" },
    patchOf("*** Add File: x", "+1", "*** Update File: f", "@@", "-zz", "+A"),
    refused("Failed to find expected lines in f:\nzz"),
    both({ error: "Failed to find expected lines in f:\nzz", after: { f: "a\n", x: "1\n" } }),
  ),

  one(
    "a path may lead out of the working directory and back",
    { "d/f": "a\n" },
    patchOf("*** Update File: d/../d/f", "@@", "-a", "+A"),
    done(["M d/../d/f"], { "d/f": "A\n" }),
  ),
  one(
    "a path may pass by a directory that is not there",
    { f: "a\n" },
    patchOf("*** Update File: ./x/../f", "@@", "-a", "+A"),
    done(["M ./x/../f"], { f: "A\n" }),
    {
      reference: refused(`Failed to read file to update ./x/../f: ${noSuchFile}`),
    },
  ),
  one(
    "a path may have spaces",
    { "a b": "a\n" },
    patchOf("*** Update File: a b", "@@", "-a", "+A"),
    done(["M a b"], { "a b": "A\n" }),
  ),
  one(
    "quotes belong to a path",
    { "a b": "a\n" },
    patchOf('*** Update File: "a b"', "@@", "-a", "+A"),
    refused(`Failed to read file to update "a b": ${noSuchFile}`),
  ),
  one("a tilde belongs to a path", {}, patchOf("*** Add File: ~/x", "+1"), done(["A ~/x"], { "~/x": "1\n" })),

  one(
    "a link to a file stays and its file is updated",
    { r: "a\n", f: { link: "r" } },
    update("@@", "-a", "+A"),
    done(["M f"], { r: "A\n", f: { link: "r" } }),
  ),
  one(
    "a link through a directory that is a link is followed",
    { "d/f": "a\n", l: { link: "d" } },
    patchOf("*** Update File: l/f", "@@", "-a", "+A"),
    done(["M l/f"], { "d/f": "A\n", l: { link: "d" } }),
  ),
  one(
    "a file that is added is written through a link to nothing",
    { f: { link: "r" } },
    patchOf("*** Add File: f", "+x"),
    done(["A f"], { f: { link: "r" }, r: "x\n" }),
  ),
  one(
    "a link is deleted and its file stays",
    { r: "a\n", f: { link: "r" } },
    patchOf("*** Delete File: f"),
    done(["D f"], { r: "a\n" }),
  ),
  one(
    "a link to nothing is deleted",
    { f: { link: "r" } },
    patchOf("*** Delete File: f"),
    done(["D f"], {}),
    { newest: refused("Failed to delete file f") },
  ),
  one(
    "a link to a directory is deleted",
    { "d/x": "1\n", f: { link: "d" } },
    patchOf("*** Delete File: f"),
    done(["D f"], { "d/x": "1\n" }),
    { newest: refused("Failed to delete file f") },
  ),
  one(
    "a link that is moved is removed and its file stays",
    { r: "a\n", f: { link: "r" } },
    update("*** Move to: g", "@@", "-a", "+A"),
    done(["M g"], { r: "a\n", g: "A\n" }),
  ),
  one(
    "a file that is moved onto a link to itself stays",
    { f: "a\n", g: { link: "f" } },
    update("*** Move to: g", "@@", "-a", "+A"),
    done(["M f"], { f: "A\n", g: { link: "f" } }),
    both(done(["M g"], { g: { link: "f" } })),
  ),
  one(
    "a link can be replaced by a file",
    { r: "a\n", f: { link: "r" } },
    patchOf("*** Delete File: f", "*** Add File: f", "+x"),
    done(["A f", "D f"], { r: "a\n", f: "x\n" }),
  ),
  one(
    "links in a circle are not updated",
    { f: { link: "f" } },
    update("@@", "-a"),
    refused("Failed to read file to update f: Symbolic link loop (os error 40)"),
  ),
  one(
    "links in a circle are not written through",
    { f: { link: "f" } },
    patchOf("*** Add File: f", "+x"),
    refused("Failed to write file f"),
  ),
];
