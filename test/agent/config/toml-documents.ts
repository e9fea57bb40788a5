// Arbitrary TOML documents as people write them: comments, odd spaces, every kind of table and value.

import fc from "fast-check";

const names = fc.constantFrom(
  "a",
  "b",
  "c",
  "model",
  "x-y",
  "__proto__",
  "constructor",
  '"q.r"',
  "'l t'",
  '""',
);

const scalars = fc.constantFrom(
  "1",
  "0x1f",
  "-3.5",
  "1.0",
  "1e3",
  "inf",
  "true",
  '"text"',
  "'lit # eral'",
  '"esc \\u00e9 \\" = ["',
  '"""\nmore\n[x]\n# lines"""',
  "'''it's'''",
  "1979-05-27",
  "1979-05-27T07:32:00.5-07:00",
  "07:32:00",
  "9007199254740993",
  "[ 1, 2 ]",
  "[\n  'a', # why\n  'b',\n]",
  "[{ a = 1 }, { b = 2 }]",
  "{}",
  "{ a = 1, c.b = 'x' }",
  "{ model = { a = [1], b = {} } }",
);

const keys = fc.array(names, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("."));
const comment = fc.constantFrom("", " # note", "\t# 'x' = [");
const entry = fc
  .tuple(fc.constantFrom("", "  "), keys, fc.constantFrom("=", " = "), scalars, comment)
  .map((parts) => parts.join(""));
const filler = fc.constantFrom("", "# a comment", "   ", "#[a]");
const lines = fc.array(fc.oneof({ weight: 3, arbitrary: entry }, filler), { maxLength: 4 });
const heading = fc
  .tuple(keys, fc.constantFrom("[", "[", "[", "[["), comment)
  .map(([key, open, note]) => `${open}${key}${open.replaceAll("[", "]")}${note}`);
const section = fc.tuple(heading, lines).map(([head, body]) => [head, ...body]);

/** Text that is mostly TOML; the reader filters out what has a key twice. */
export const documents: fc.Arbitrary<string> = fc
  .tuple(lines, fc.array(section, { maxLength: 4 }), fc.constantFrom("\n", "\r\n"), fc.constantFrom("", "\n"))
  .map(([top, sections, newline, end]) =>
    `${[...top, ...sections.flat()].join("\n")}${end}`.replaceAll("\n", newline),
  );

/** Paths of which many are in such a document. */
export const paths: fc.Arbitrary<string[]> = fc.array(
  fc.constantFrom("a", "b", "c", "model", "x-y", "__proto__", "constructor", "q.r", "l t", "", "new one"),
  { minLength: 1, maxLength: 4 },
);
